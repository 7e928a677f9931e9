//! What operators and their tools ask: is it alive, is it ready, what is wrong, how much of what.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use futures::future::join_all;
use serde::Serialize;
use tenon_application::ports::HealthCheck;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::admission::Admission;
use super::probes::Probes;

/// A component that says nothing for this long does not work.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(live).service(ready).service(detailed).service(render_metrics);
}

/// Whether it works, in one word.
#[derive(Serialize, ToSchema)]
pub(crate) struct HealthResponse {
    /// `ok`, or `unavailable` when a component is away that no request can do without.
    #[schema(example = "ok")]
    status: &'static str,
}

/// How everything is that requests need.
#[derive(Serialize, ToSchema)]
pub(crate) struct DetailedHealthResponse {
    /// `ok`, `degraded` when something optional is away, or `unavailable`.
    #[schema(example = "ok")]
    status: &'static str,
    components: Vec<ComponentHealth>,
}

/// How one component is.
#[derive(Serialize, ToSchema)]
pub(crate) struct ComponentHealth {
    #[schema(example = "database")]
    name: &'static str,
    /// Whether no request can be served without it.
    required: bool,
    healthy: bool,
    #[schema(example = 0.4)]
    latency_ms: f64,
    #[schema(required = true, example = json!(null))]
    error: Option<String>,
}

/// Whether the process is alive
///
/// It looks at nothing else: a process that waits for its database is alive.
#[utoipa::path(tag = "operations", operation_id = "get_health", security(()),
    responses((status = 200, body = HealthResponse, description = "It is alive")))]
#[get("/health")]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(HealthResponse { status: "ok" })
}

/// Whether requests can be served
///
/// 503 while a required component is away, or the process is about to stop: balancers should send requests elsewhere.
#[utoipa::path(tag = "operations", operation_id = "get_readiness", security(()), responses(
    (status = 200, body = HealthResponse, description = "Requests can be served"),
    (status = 503, body = HealthResponse, description = "Something required is away"),
))]
#[get("/health/ready")]
pub(crate) async fn ready(probes: Probes) -> HttpResponse {
    // What is optional is not asked: it must not hold up the answer.
    let required: Vec<_> = probes.health.iter().filter(|component| component.required()).cloned().collect();
    match check_all(&required).await.iter().any(is_fatal) {
        true => HttpResponse::ServiceUnavailable().json(HealthResponse { status: "unavailable" }),
        false => HttpResponse::Ok().json(HealthResponse { status: "ok" }),
    }
}

/// How every component is
///
/// For people who look for what is wrong.
#[utoipa::path(tag = "operations", operation_id = "get_detailed_health", security(()), responses(
    (status = 200, body = DetailedHealthResponse, description = "Requests can be served"),
    (status = 503, body = DetailedHealthResponse, description = "Something required is away"),
))]
#[get("/health/detailed")]
pub(crate) async fn detailed(probes: Probes) -> HttpResponse {
    let checks = check_all(&probes.health).await;
    let is_down = checks.iter().any(is_fatal);
    let status = match () {
        () if is_down => "unavailable",
        () if checks.iter().any(|check| !check.healthy) => "degraded",
        () => "ok",
    };
    let mut answer = if is_down { HttpResponse::ServiceUnavailable() } else { HttpResponse::Ok() };
    answer.json(DetailedHealthResponse { status, components: checks })
}

/// All metrics in the Prometheus text format
///
/// Of this process alone.
#[utoipa::path(tag = "operations", operation_id = "get_metrics", security(()),
    responses((status = 200, body = String, content_type = "text/plain", description = "The metrics")))]
#[get("/metrics")]
pub(crate) async fn render_metrics(probes: Probes, admission: Option<Data<Option<Admission>>>) -> HttpResponse {
    if let Some(admission) = admission.as_ref().and_then(|admission| admission.get_ref().as_ref()) {
        admission.report();
    }
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body((probes.render_metrics)())
}

async fn check_all(health: &[Arc<dyn HealthCheck>]) -> Vec<ComponentHealth> {
    join_all(health.iter().map(|component| check(component.as_ref()))).await
}

async fn check(component: &dyn HealthCheck) -> ComponentHealth {
    let started = Instant::now();
    let outcome = tokio::time::timeout(PATIENCE, component.check())
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())));
    ComponentHealth {
        name: component.name(),
        required: component.required(),
        healthy: outcome.is_ok(),
        latency_ms: started.elapsed().as_secs_f64() * 1000.0,
        error: outcome.err(),
    }
}

fn is_fatal(check: &ComponentHealth) -> bool {
    check.required && !check.healthy
}
