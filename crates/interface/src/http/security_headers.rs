//! Headers that keep browsers and caches from doing more with an answer than it is for.

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

const API_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// Swagger UI styles its elements inline and embeds its images.
const DOCS_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'",
);

const NO_SNIFFING: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const NO_FRAMES: HeaderValue = HeaderValue::from_static("DENY");
const STRICT_TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
const READERS_OWN: HeaderValue = HeaderValue::from_static("private, no-cache");
const KEEP_NOTHING: HeaderValue = HeaderValue::from_static("no-store");

/// The headers of every answer.
#[derive(Debug)]
pub(crate) struct SecurityHeaders {
    /// Whether clients reach the server over TLS and should never do otherwise.
    strict_transport: bool,
}

impl SecurityHeaders {
    pub(crate) fn new(public_url: &url::Url) -> Self {
        Self { strict_transport: public_url.scheme() == "https" }
    }

    pub(crate) fn apply(&self, answer: &mut ServiceResponse<BoxBody>) {
        let path = answer.request().match_info().as_str();
        let (is_docs, is_metrics) = (path == "/docs" || path.starts_with("/docs/"), path == "/metrics");
        let headers = answer.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFFING);
        headers.insert(header::REFERRER_POLICY, NO_REFERRER);
        headers.insert(header::X_FRAME_OPTIONS, NO_FRAMES);
        headers.insert(header::CONTENT_SECURITY_POLICY, if is_docs { DOCS_POLICY } else { API_POLICY });
        if self.strict_transport {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
        }
        // What may be asked again with its `ETag` may be kept by the browser of its reader, and by nobody else.
        let caching = match () {
            () if is_docs => ASK_AGAIN,
            () if !is_metrics && headers.contains_key(header::ETAG) => READERS_OWN,
            () => KEEP_NOTHING,
        };
        insert_if_absent(headers, header::CACHE_CONTROL, caching);
    }
}

fn insert_if_absent(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    if !headers.contains_key(&name) {
        headers.insert(name, value);
    }
}
