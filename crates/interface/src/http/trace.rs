use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use std::rc::Rc;
use tracing::Span;
use tracing::field::Empty;
use tracing_actix_web::RootSpanBuilder;

use super::context::RequestContext;
use super::services::TraceContext;

/// The root span of a request: its id, method and route pattern. Paths and queries stay out: they can hold secrets.
pub(crate) struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let route = request.match_pattern().unwrap_or_else(|| "unmatched".to_owned());
        let context = request.extensions().get::<Rc<RequestContext>>().cloned();
        let request_id = context.as_ref().map(|context| context.request_id.as_str());
        let span = tracing::info_span!(
            "request",
            otel.name = format!("{} {route}", request.method()),
            otel.kind = "server",
            otel.status_code = Empty,
            http.request.method = request.method().as_str(),
            http.route = route,
            http.response.status_code = Empty,
            request_id,
        );
        // Now or never: a span that has been entered keeps the trace it has.
        if let Some(received) = context.as_ref().and_then(|context| context.traceparent.as_deref())
            && let Some(Some(continue_trace)) = request.app_data::<Data<Option<TraceContext>>>().map(Data::get_ref)
        {
            continue_trace(&span, Some(received));
        }
        span
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(answer) => answer.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("http.response.status_code", status.as_u16());
        span.record("otel.status_code", if status.is_server_error() { "ERROR" } else { "OK" });
    }
}
