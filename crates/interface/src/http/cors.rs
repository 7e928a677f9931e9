//! Cross-origin requests: an explicit list of origins, and nothing for anybody else.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::web::Data;

use super::layers::{Answered, Next};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Traceparent, X-Auth-Mode, X-CSRF-Token, \
     X-Request-Id",
);
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "ETag, Idempotent-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id",
);
/// Seconds a browser may remember what it was allowed.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The origins whose pages may call the API.
#[derive(Debug)]
pub(crate) struct AllowedOrigins {
    listed: Vec<String>,
    /// That of the front end.
    own: String,
}

impl AllowedOrigins {
    pub(crate) fn new(origins: &[String], public_url: &url::Url) -> Self {
        let listed = origins.iter().map(|origin| origin.trim_end_matches('/').to_owned()).collect();
        Self { listed, own: public_url.origin().ascii_serialization() }
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        self.listed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
    }

    /// Whether its pages may use cookies to change something.
    pub(crate) fn trusts(&self, origin: &HeaderValue) -> bool {
        self.allows(origin) || self.own.as_bytes() == origin.as_bytes()
    }
}

/// Answers preflights of allowed origins and lets their pages read the answers.
pub(crate) async fn allow(request: ServiceRequest, next: impl Next) -> Answered {
    let allowed = request.app_data::<Data<AllowedOrigins>>().cloned();
    let Some(allowed) = allowed.filter(|allowed| !allowed.listed.is_empty()) else {
        return next(request).await;
    };
    let origin = request.headers().get(header::ORIGIN).filter(|origin| allowed.allows(origin)).cloned();
    let is_preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut answer = match &origin {
        Some(_) if is_preflight => {
            let mut permission = HttpResponse::NoContent().finish();
            let headers = permission.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
            request.into_response(permission)
        }
        _ => next(request).await?,
    };
    let headers: &mut HeaderMap = answer.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
    }
    Ok(answer)
}
