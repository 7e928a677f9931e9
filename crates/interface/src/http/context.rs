//! What is known of a request before anything else: its id, where it came from, when it began.

use std::rc::Rc;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest};
use tenon_application::{App, Origin};

use super::request_id::{is_request_id, is_traceparent};
use super::security_headers::SecurityHeaders;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const MAX_USER_AGENT_CHARS: usize = 512;

/// The id and the origin of a request.
#[derive(Debug)]
pub(crate) struct RequestContext {
    pub(crate) request_id: String,
    pub(crate) ip: Option<String>,
    user_agent: Option<String>,
    pub(crate) traceparent: Option<String>,
}

impl RequestContext {
    fn read(request: &ServiceRequest) -> Self {
        let text = |name: &HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let request_id = match text(&REQUEST_ID).filter(|raw| is_request_id(raw)) {
            Some(given) => given.to_owned(),
            None => request.app_data::<Data<App>>().map(|app| app.ids.next_id().to_string()).unwrap_or_default(),
        };
        Self {
            request_id,
            ip: request.peer_addr().map(|address| address.ip().to_canonical().to_string()),
            user_agent: text(&header::USER_AGENT).map(|raw| raw.chars().take(MAX_USER_AGENT_CHARS).collect()),
            traceparent: text(&TRACEPARENT).filter(|raw| is_traceparent(raw)).map(str::to_owned),
        }
    }

    pub(crate) fn of(request: &HttpRequest) -> Option<Rc<Self>> {
        request.extensions().get::<Rc<Self>>().cloned()
    }

    /// Where what this request does comes from, for events, jobs and the audit trail.
    pub(crate) fn origin(&self, traceparent: Option<String>) -> Origin {
        Origin {
            request_id: Some(self.request_id.clone()),
            ip: self.ip.clone(),
            user_agent: self.user_agent.clone(),
            traceparent,
            idempotency_key: None,
        }
    }
}

/// The outermost layer: identifies the request, measures it, and finishes the headers of its answer.
pub(crate) async fn provide(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let context = Rc::new(RequestContext::read(&request));
    request.extensions_mut().insert(Rc::clone(&context));
    let method = method_label(request.method());
    if request.method() == Method::HEAD {
        // A HEAD is answered like a GET; the protocol layer leaves the body out.
        request.head_mut().method = Method::GET;
    }
    let mut answer = next.call(request).await?.map_into_boxed_body();
    let route = answer.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    let status = answer.status();
    if let Some(headers) = answer.request().app_data::<Data<SecurityHeaders>>().cloned() {
        headers.apply(&mut answer);
    }
    if let Ok(value) = HeaderValue::from_str(&context.request_id) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    let elapsed = started.elapsed().as_secs_f64();
    metrics::histogram!("http_request_duration_seconds", "method" => method, "route" => route.clone()).record(elapsed);
    metrics::counter!(
        "http_requests_total", "method" => method, "route" => route.clone(), "status" => status.as_str().to_owned()
    )
    .increment(1);
    let duration_ms = elapsed * 1000.0;
    let (request_id, status) = (&context.request_id, status.as_u16());
    if status >= 400 {
        // What was refused before it became an operation has no other line.
        tracing::info!(request_id, operation = route, method, status, duration_ms, success = false, "request");
    } else {
        tracing::debug!(request_id, operation = route, method, status, duration_ms, success = true, "request");
    }
    Ok(answer)
}

/// The label of a method in metrics: clients can invent methods, labels must stay few.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
