//! The root span of a request: its id, method and route pattern. Paths and queries stay out: they can hold secrets.

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::web::Data;
use tracing::Span;
use tracing::field::Empty;

use super::context::RequestContext;
use super::services::TraceContext;

/// Opens the root span of a request. Its route is recorded once the request has found it.
pub(crate) fn open(request: &ServiceRequest, context: &RequestContext) -> Span {
    let trace_context = request.app_data::<Data<Option<TraceContext>>>().and_then(|found| found.get_ref().as_ref());
    let span = tracing::info_span!(
        "request",
        // What only an exporter reads is left out when there is none: every log line carries the fields of its span.
        otel.name = Empty,
        otel.kind = trace_context.map(|_| "server"),
        otel.status_code = Empty,
        http.request.method = request.method().as_str(),
        http.route = Empty,
        http.response.status_code = Empty,
        request_id = context.request_id,
    );
    // Now or never: a span that has been entered keeps the trace it has.
    if let (Some(received), Some(continue_trace)) = (context.traceparent.as_deref(), trace_context) {
        continue_trace(&span, Some(received));
    }
    span
}

/// Completes the root span for the exporter, if there is one.
pub(crate) fn close<B>(span: &Span, answer: &ServiceResponse<B>, route: &str) {
    let trace_context = answer.request().app_data::<Data<Option<TraceContext>>>();
    if trace_context.is_none_or(|found| found.is_none()) {
        return;
    }
    let status = answer.status();
    span.record("otel.name", format!("{} {route}", answer.request().method()));
    span.record("http.response.status_code", status.as_u16());
    span.record("otel.status_code", if status.is_server_error() { "ERROR" } else { "OK" });
}
