//! What is known of a request before anything else: its id, where it came from, when it began.

use std::cell::OnceCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Instant;

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use tenon_application::{App, Origin};
use tracing::{Instrument, Span};

use super::admission::was_refused;
use super::client_address::client_address;
use super::draining;
use super::layers::{Answered, Next};
use super::request_id::{is_request_id, is_traceparent};
use super::security_headers::SecurityHeaders;
use super::{request_metrics, trace};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const MAX_USER_AGENT_CHARS: usize = 512;

/// The id and the origin of a request.
#[derive(Debug)]
pub(crate) struct RequestContext {
    pub(crate) request_id: String,
    pub(crate) client: Option<IpAddr>,
    user_agent: Option<String>,
    pub(crate) traceparent: Option<String>,
    route: OnceCell<String>,
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
            client: client_address(request),
            user_agent: text(&header::USER_AGENT).map(|raw| shortened(raw).to_owned()),
            traceparent: text(&TRACEPARENT).filter(|raw| is_traceparent(raw)).map(str::to_owned),
            route: OnceCell::new(),
        }
    }

    pub(crate) fn of(request: &HttpRequest) -> Option<Rc<Self>> {
        request.extensions().get::<Rc<Self>>().cloned()
    }

    /// The pattern of the request's route, for labels and log lines. Must be asked inside the root span, and only once
    /// the request has been routed.
    pub(crate) fn route(&self, request: &HttpRequest) -> &str {
        self.route.get_or_init(|| {
            let route = request.match_pattern().unwrap_or_else(|| "unmatched".to_owned());
            Span::current().record("http.route", route.as_str());
            route
        })
    }

    /// Where what this request does comes from, for events, jobs and the audit trail.
    pub(crate) fn origin(&self, traceparent: Option<String>) -> Origin {
        Origin {
            request_id: Some(self.request_id.clone()),
            ip: self.client.map(|address| address.to_string()),
            user_agent: self.user_agent.clone(),
            traceparent,
            idempotency_key: None,
        }
    }
}

/// The outermost layer: identifies the request, measures it, and finishes the headers of its answer.
pub(crate) async fn provide(mut request: ServiceRequest, next: impl Next) -> Answered {
    let started = Instant::now();
    let context = Rc::new(RequestContext::read(&request));
    request.extensions_mut().insert(Rc::clone(&context));
    let method = method_label(request.method());
    if request.method() == Method::HEAD {
        // A HEAD is answered like a GET; the protocol layer leaves the body out.
        request.head_mut().method = Method::GET;
    }
    let span = trace::open(&request, &context);
    let mut answer = next(request).instrument(span.clone()).await?;
    let route = span.in_scope(|| context.route(answer.request()));
    trace::close(&span, &answer, route);
    let status = answer.status();
    if let Some(headers) = answer.request().app_data::<Data<SecurityHeaders>>().cloned() {
        headers.apply(&mut answer);
    }
    draining::announce(&mut answer);
    if let Ok(value) = HeaderValue::from_str(&context.request_id) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    let elapsed = started.elapsed().as_secs_f64();
    request_metrics::record(method, route, status, elapsed);
    let duration_ms = elapsed * 1000.0;
    let (request_id, status) = (&context.request_id, status.as_u16());
    if was_refused(answer.request()) {
        // Counted, and told once for many.
    } else if status >= 400 {
        // What was refused before it became an operation has no other line.
        tracing::info!(request_id, operation = route, method, status, duration_ms, success = false, "request");
    } else {
        tracing::debug!(request_id, operation = route, method, status, duration_ms, success = true, "request");
    }
    Ok(answer)
}

fn shortened(user_agent: &str) -> &str {
    user_agent.char_indices().nth(MAX_USER_AGENT_CHARS).map_or(user_agent, |(end, _)| &user_agent[..end])
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
