//! What operators ask of a process, whether or not it serves the API.

use std::future::{Future, Ready, ready};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::ErrorInternalServerError;
use actix_web::web::Data;
use actix_web::{App, Error, FromRequest, HttpRequest, HttpServer};
use tenon_application::ports::HealthCheck;
use utoipa_actix_web::AppExt;

use super::health;
use super::services::HttpServices;

/// Nobody but the operators' tools asks.
const MAX_CONNECTIONS: usize = 256;
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Longer than the slowest answer takes, which a stop would otherwise cut off.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// What the answers are made of.
#[derive(Clone)]
pub(crate) struct Probes {
    pub(crate) health: Vec<Arc<dyn HealthCheck>>,
    pub(crate) render_metrics: Arc<dyn Fn() -> String + Send + Sync>,
}

impl FromRequest for Probes {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    /// The API has them among its services; elsewhere they are all there is.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let of_services = |services: &Data<HttpServices>| Self {
            health: services.health.clone(),
            render_metrics: Arc::clone(&services.render_metrics),
        };
        let own = request.app_data::<Data<Self>>().map(|own| own.get_ref().clone());
        let probes = own.or_else(|| request.app_data::<Data<HttpServices>>().map(of_services));
        ready(probes.ok_or_else(|| ErrorInternalServerError("nothing to report on")))
    }
}

/// Answers health checks and metrics, and nothing else, until `shutdown` resolves.
pub async fn serve_probes(
    listener: TcpListener,
    health: Vec<Arc<dyn HealthCheck>>,
    render_metrics: Arc<dyn Fn() -> String + Send + Sync>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let probes = Data::new(Probes { health, render_metrics });
    let app = move || App::new().app_data(probes.clone()).into_utoipa_app().configure(health::configure).into_app();
    HttpServer::new(app)
        .workers(1)
        .max_connections(MAX_CONNECTIONS)
        .client_request_timeout(HEAD_TIMEOUT)
        .client_disconnect_timeout(HEAD_TIMEOUT)
        .shutdown_timeout(STOP_WITHIN.as_secs())
        .shutdown_signal(shutdown)
        .listen(listener)?
        .run()
        .await
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use async_trait::async_trait;
    use serde_json::Value;

    use super::*;

    struct Silent {
        required: bool,
    }

    #[async_trait]
    impl HealthCheck for Silent {
        fn name(&self) -> &'static str {
            "silent"
        }

        fn required(&self) -> bool {
            self.required
        }

        async fn check(&self) -> Result<(), String> {
            std::future::pending().await
        }
    }

    async fn answer(required: bool, path: &str) -> (StatusCode, String) {
        let probes = Probes { health: vec![Arc::new(Silent { required })], render_metrics: Arc::new(|| "up 1".into()) };
        let app = App::new().app_data(Data::new(probes)).into_utoipa_app().configure(health::configure).into_app();
        let app = init_service(app).await;
        let answer = call_service(&app, TestRequest::with_uri(path).to_request()).await;
        (answer.status(), String::from_utf8(read_body(answer).await.to_vec()).unwrap())
    }

    #[actix_web::test]
    async fn a_component_that_never_answers_is_named_and_counts_as_it_should() {
        tokio::time::pause();
        for (required, status, word) in
            [(true, StatusCode::SERVICE_UNAVAILABLE, "unavailable"), (false, StatusCode::OK, "degraded")]
        {
            let (got, body) = answer(required, "/health/detailed").await;
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!((got, body["status"].as_str()), (status, Some(word)), "{body}");
            let component = &body["components"][0];
            assert_eq!((&component["name"], &component["required"]), (&"silent".into(), &required.into()), "{body}");
            assert_eq!((&component["healthy"], &component["error"]), (&false.into(), &"no answer within 2 s".into()));
            assert_eq!(answer(required, "/health/ready").await.0, status);
        }
    }

    #[actix_web::test]
    async fn metrics_and_liveness_need_no_component() {
        tokio::time::pause();
        assert_eq!(answer(true, "/metrics").await, (StatusCode::OK, "up 1".to_owned()));
        assert_eq!(answer(true, "/health").await.0, StatusCode::OK);
        assert_eq!(answer(true, "/api/v1/me").await.0, StatusCode::NOT_FOUND);
    }
}
