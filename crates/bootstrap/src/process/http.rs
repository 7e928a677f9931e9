use std::net::TcpListener;
use std::sync::Arc;

use tenon_application::ports::HealthCheck;
use tenon_infrastructure::telemetry::{Metrics, continue_trace, traceparent_of};
use tenon_infrastructure::tls::ServerConfig;
use tenon_interface::http::{self, AdmissionSettings, Draining, HttpServices, HttpSettings, TraceContext};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::composition::System;
use crate::config::Config;
use crate::failure::Failure;

/// The API server, about to run.
pub(super) struct Server {
    services: HttpServices,
    settings: HttpSettings,
}

impl Server {
    pub(super) fn prepare(
        config: &Config,
        system: &System,
        metrics: Metrics,
        public_url: &str,
        draining: Draining,
    ) -> Result<Self, Failure> {
        let services = HttpServices {
            app: system.app.clone(),
            accounts: system.accounts.clone(),
            domains: system.domains.clone(),
            single_sign_on: system.single_sign_on.clone(),
            authenticator: system.authenticator.clone(),
            verification_keys: system.verification_keys.clone(),
            idempotency: system.idempotency.clone(),
            limiter: system.limiter.clone(),
            health: system.health.iter().cloned().chain([Arc::new(draining.clone()) as _]).collect(),
            draining,
            render_metrics: Arc::new(move || metrics.render()),
            trace_context: config.otlp_endpoint.is_some().then(trace_context),
        };
        let (cursor_key, csrf_key) = (system.cursor_key.clone(), system.csrf_key.clone());
        let mut settings = HttpSettings::new(Url::parse(public_url)?, cursor_key, csrf_key);
        settings.cors_origins.clone_from(&config.cors_origins);
        settings.trusted_proxies.clone_from(&config.trusted_proxies);
        settings.rate_limits = config.rate_limits.then_some(config.rate_quotas);
        settings.admission = config.max_concurrency.map(|max_concurrency| AdmissionSettings { max_concurrency });
        settings.shutdown_timeout = config.shutdown;
        Ok(Self { services, settings })
    }

    /// With this, the server speaks TLS and nothing else.
    pub(super) fn encrypted(mut self, tls: Option<ServerConfig>) -> Self {
        self.settings.tls = tls;
        self
    }

    /// Serves until `stop`, then finishes the requests that run.
    pub(super) async fn run(self, listener: TcpListener, stop: CancellationToken) -> Result<(), Failure> {
        let shutdown = async move { stop.cancelled().await };
        http::serve(listener, self.services, self.settings, shutdown).await.map_err(Failure::Server)
    }
}

/// Answers health checks and metrics until `stop`, for a worker that runs apart.
pub(super) async fn report(
    listener: TcpListener,
    health: Vec<Arc<dyn HealthCheck>>,
    metrics: Metrics,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let shutdown = async move { stop.cancelled().await };
    http::serve_probes(listener, health, Arc::new(move || metrics.render()), shutdown).await.map_err(Failure::Server)
}

fn trace_context() -> TraceContext {
    Arc::new(|span, traceparent| {
        if let Some(traceparent) = traceparent {
            continue_trace(span, traceparent);
        }
        traceparent_of(span)
    })
}
