//! OpenTelemetry traces over OTLP/HTTP, and W3C trace context across processes.

use std::collections::HashMap;
use std::time::Duration;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio::runtime::{Handle, TryCurrentError};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt, SetParentError};
use tracing_subscriber::registry::LookupSpan;

use super::otlp_client::RuntimeClient;

const TRACEPARENT: &str = "traceparent";
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// Why traces cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    #[error("the OTLP exporter: {0}")]
    Exporter(#[from] ExporterBuildError),
    #[error("the OTLP client: {0}")]
    Client(#[from] reqwest::Error),
    #[error("the OTLP client needs a runtime: {0}")]
    NoRuntime(#[from] TryCurrentError),
}

/// The export of this process's spans.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Exports in batches to an OTLP/HTTP collector, named by its base address (`http://collector:4318`).
    pub fn export_to(endpoint: &str, service: &str) -> Result<Self, TraceError> {
        let client = reqwest::Client::builder().timeout(EXPORT_TIMEOUT).build()?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(traces_url(endpoint))
            .with_timeout(EXPORT_TIMEOUT)
            .with_http_client(RuntimeClient::new(Handle::try_current()?, client))
            .build()?;
        let resource = Resource::builder()
            .with_service_name(service.to_owned())
            .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build();
        Ok(Self { provider })
    }

    pub(super) fn layer<S>(&self) -> OpenTelemetryLayer<S, SdkTracer>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer().with_tracer(self.provider.tracer("tenon"))
    }

    pub(super) fn shut_down(self) -> Result<(), OTelSdkError> {
        self.provider.shutdown_with_timeout(EXPORT_TIMEOUT)
    }
}

fn traces_url(endpoint: &str) -> String {
    let base = endpoint.trim_end_matches('/');
    if base.ends_with("/v1/traces") { base.to_owned() } else { format!("{base}/v1/traces") }
}

/// Makes `span` continue the trace of a W3C `traceparent`. Must be called before the span is entered; a malformed
/// value begins a new trace.
pub fn continue_trace(span: &Span, traceparent: &str) {
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    let context = TraceContextPropagator::new().extract(&carrier);
    if !context.span().span_context().is_valid() {
        return;
    }
    match span.set_parent(context) {
        // Without an exporter there is no trace to continue.
        Ok(()) | Err(SetParentError::LayerNotFound | SetParentError::SpanDisabled) => {}
        Err(error) => tracing::debug!(%error, "a trace could not be continued"),
    }
}

/// The W3C `traceparent` of the current span, when traces are exported.
pub fn current_traceparent() -> Option<String> {
    traceparent_of(&Span::current())
}

/// The W3C `traceparent` of a span, when traces are exported.
pub fn traceparent_of(span: &Span) -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&span.context(), &mut carrier);
    carrier.remove(TRACEPARENT)
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn traced<T>(run: impl FnOnce() -> T) -> T {
        let traces = Traces { provider: SdkTracerProvider::builder().build() };
        let subscriber = tracing_subscriber::registry().with(traces.layer());
        tracing::subscriber::with_default(subscriber, run)
    }

    #[test]
    fn a_span_continues_the_trace_it_was_given() {
        let inner = traced(|| {
            let span = tracing::info_span!("job");
            continue_trace(&span, PARENT);
            span.in_scope(current_traceparent)
        });
        let inner = inner.unwrap();
        assert!(inner.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{inner}");
        assert_ne!(inner, PARENT, "it is a span of its own");
    }

    #[test]
    fn a_malformed_traceparent_begins_a_new_trace() {
        let inner = traced(|| {
            let span = tracing::info_span!("job");
            continue_trace(&span, "not-a-trace");
            span.in_scope(current_traceparent)
        });
        assert!(inner.is_some());
    }

    #[test]
    fn without_an_exporter_there_is_no_trace() {
        let span = tracing::info_span!("job");
        continue_trace(&span, PARENT);
        assert_eq!(span.in_scope(current_traceparent), None);
    }

    #[test]
    fn the_endpoint_may_name_the_path_or_leave_it_out() {
        assert_eq!(traces_url("http://collector:4318/"), "http://collector:4318/v1/traces");
        assert_eq!(traces_url("http://collector:4318/v1/traces"), "http://collector:4318/v1/traces");
    }
}
