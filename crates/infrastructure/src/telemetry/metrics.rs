//! Prometheus metrics: the recorder, what they mean, and how they are read.

use std::time::Duration;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

/// Bounds of the histograms of seconds: from a cached lookup to a request that times out.
const SECONDS: [f64; 15] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 1.0, 2.5, 5.0, 10.0];

/// How often recorded samples are moved into the buckets when nobody reads the metrics.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Why metrics could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("metrics: {0}")]
pub struct MetricsError(#[from] BuildError);

/// The metrics of this process.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// Installs the recorder that every `metrics::counter!` and the like goes to. Once per process.
    pub fn install() -> Result<Self, MetricsError> {
        let handle = builder()?.install_recorder()?;
        describe();
        gauge!("tenon_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Ok(Self { handle })
    }

    /// The metrics in the Prometheus text format.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Keeps the memory of unread samples bounded, until `stop`.
    pub async fn upkeep(self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(UPKEEP_EVERY);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => self.handle.run_upkeep(),
            }
        }
    }
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
}

fn describe() {
    describe_counter!("http_requests_total", "HTTP requests answered, by method, route pattern and status.");
    describe_histogram!("http_request_duration_seconds", Unit::Seconds, "Time to answer an HTTP request.");
    describe_counter!("operations_total", "Commands and queries run, by operation and outcome.");
    describe_histogram!("operation_duration_seconds", Unit::Seconds, "Time to run a command or a query.");
    describe_histogram!("database_query_duration_seconds", Unit::Seconds, "Time a database statement takes.");
    describe_gauge!("database_pool_connections", "Connections of the database pools, by pool and state.");
    describe_counter!("queue_jobs_total", "Jobs run, by subscriber and outcome.");
    describe_histogram!("queue_job_duration_seconds", Unit::Seconds, "Time a job takes.");
    describe_gauge!("outbox_pending", "Events that not all subscribers have handled.");
    describe_gauge!("outbox_lag_seconds", Unit::Seconds, "Age of the oldest event not handled by all subscribers.");
    describe_counter!("cache_requests_total", "Lookups in the cache, by tier and result.");
    describe_counter!("passwords_hashed_total", "Passwords hashed or compared with a hash.");
    describe_gauge!("tls_certificate_expires_seconds", Unit::Seconds, "When the certificate that is served expires.");
    describe_counter!(
        "log_lines_dropped_total",
        "Log lines that there was no room for: warnings only when nothing could be written for a second."
    );
    describe_gauge!("tenon_build_info", "Always 1; the version is in the label.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_histograms_and_descriptions_are_rendered() {
        let recorder = builder().unwrap().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe();
            metrics::histogram!("http_request_duration_seconds", "route" => "/tasks").record(0.003);
            metrics::gauge!("outbox_lag_seconds").set(0.5);
        });
        let text = handle.render();
        assert!(text.contains("# TYPE http_request_duration_seconds histogram"), "{text}");
        assert!(text.contains("http_request_duration_seconds_bucket{route=\"/tasks\",le=\"0.005\"} 1"), "{text}");
        assert!(text.contains("http_request_duration_seconds_bucket{route=\"/tasks\",le=\"0.0025\"} 0"), "{text}");
        assert!(text.contains("outbox_lag_seconds 0.5"), "{text}");
        assert!(text.contains("# HELP outbox_lag_seconds Age of the oldest"), "{text}");
    }
}
