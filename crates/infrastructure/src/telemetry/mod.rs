//! What the process tells about itself: logs, metrics and traces.

mod json_fields;
mod json_lines;
mod log_writer;
mod logs;
mod metrics;
mod otlp_client;
mod timestamp;
mod traces;

use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use self::json_lines::JsonLines;
pub use self::log_writer::{LogThread, LogWriter};
pub use self::logs::{LogFormat, LogSettings, check_filter};
pub use self::metrics::{Metrics, MetricsError};
pub use self::traces::{TraceError, Traces, continue_trace, current_traceparent, traceparent_of};

/// Why telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("the log filter is malformed: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    #[error(transparent)]
    Traces(#[from] TraceError),
    #[error("the thread that writes the log: {0}")]
    LogThread(#[from] std::io::Error),
    #[error("a log subscriber is already installed")]
    AlreadyInstalled,
}

/// Logs and traces of this process. Dropping it writes the last log lines, but loses what was not exported yet: call
/// [`Telemetry::flush`].
#[derive(Debug)]
pub struct Telemetry {
    traces: Option<Traces>,
    log: LogWriter,
    log_thread: LogThread,
}

impl Telemetry {
    /// Installs the log writer, and the export of traces when there is an OTLP endpoint (`http://collector:4318`).
    ///
    /// Must be called inside a Tokio runtime: the exporter sends on it.
    pub fn install(logs: &LogSettings, otlp_endpoint: Option<&str>, service: &str) -> Result<Self, TelemetryError> {
        let traces = otlp_endpoint.map(|endpoint| Traces::export_to(endpoint, service)).transpose()?;
        let filter = logs.filter()?;
        let (log, log_thread) = LogWriter::start(std::io::stderr())?;
        let subscriber: Registry = tracing_subscriber::registry();
        let installed = match logs.format {
            LogFormat::Pretty => {
                let pretty = tracing_subscriber::fmt::layer().with_writer(log.clone()).with_target(true);
                subscriber.with(filter).with(pretty).with(traces.as_ref().map(Traces::layer)).try_init()
            }
            LogFormat::Json => {
                let json = JsonLines::new(log.clone());
                subscriber.with(filter).with(json).with(traces.as_ref().map(Traces::layer)).try_init()
            }
        };
        installed.map_err(|_| TelemetryError::AlreadyInstalled)?;
        Ok(Self { traces, log, log_thread })
    }

    /// The way of log lines out, for who ends the process without returning.
    pub fn log(&self) -> &LogWriter {
        &self.log
    }

    /// Exports the spans and writes the log lines that are still waiting, and stops. Blocks for a few seconds at most.
    pub async fn flush(self) {
        let Self { traces, log: _, log_thread } = self;
        if let Some(traces) = traces {
            Self::export(traces).await;
        }
        drop(log_thread);
    }

    async fn export(traces: Traces) {
        match tokio::task::spawn_blocking(move || traces.shut_down()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "some traces were not exported"),
            Err(error) => tracing::warn!(%error, "exporting the last traces failed"),
        }
    }
}
