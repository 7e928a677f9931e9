//! Request bodies: JSON objects, complete or refused.

use std::time::Duration;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures::StreamExt;
use futures::future::LocalBoxFuture;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::{PartialSchema, ToSchema};
use validator::{Validate, ValidationErrors};

use super::body_faults;
use super::problem::Problem;
use super::validation::field_errors;
use tokio::time::{Instant, timeout_at};

/// The most memory that is set aside for a body before it has arrived.
const MAX_RESERVED: usize = 16 * 1024;
const JSON: &str = "application/json";
/// The only coding of bodies that is taken.
const PLAIN: &str = "identity";
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";

/// How much a client may send, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    pub max_bytes: usize,
    /// How long a body may take, however small it is.
    pub timeout: Duration,
    /// The bytes that buy another second.
    pub min_rate: u32,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { max_bytes: 1024 * 1024, timeout: Duration::from_secs(10), min_rate: 16 * 1024 }
    }
}

impl BodyLimits {
    /// How long a body may take of which this much has arrived.
    fn time_for(&self, bytes: usize) -> Duration {
        self.timeout + Duration::from_secs_f64(bytes as f64 / f64::from(self.min_rate.max(1)))
    }
}

/// The body of a request: JSON (or, for PATCH, a JSON merge patch) without unknown fields, every field checked.
pub(crate) struct Body<T>(T);

impl<T> Body<T> {
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned + PartialSchema + Validate + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let payload = payload.take();
        let limits = request.app_data::<Data<BodyLimits>>().map(|limits| *limits.get_ref());
        let media_type = check_media_type(request.method(), request.headers());
        let encoding = check_encoding(request.headers());
        let announced = announced_length(request.headers());
        Box::pin(async move {
            media_type?;
            encoding?;
            let bytes = read(payload, announced, limits).await?;
            Ok(Self(parse(&bytes)?))
        })
    }
}

/// Reads the whole body, within the limits.
async fn read(mut payload: Payload, announced: usize, limits: Option<BodyLimits>) -> Result<Bytes, Problem> {
    let limits = limits.unwrap_or_default();
    if announced > limits.max_bytes {
        return Err(too_large(limits));
    }
    let began = Instant::now();
    // What is announced is not believed: it would let a client that sends nothing have that much memory.
    let mut bytes = BytesMut::with_capacity(announced.min(MAX_RESERVED));
    loop {
        let deadline = began + limits.time_for(bytes.len());
        let Ok(chunk) = timeout_at(deadline, payload.next()).await else { return Err(too_slow()) };
        let Some(chunk) = chunk else { return Ok(bytes.freeze()) };
        let chunk = chunk.map_err(|error| {
            Problem::bad_request("body.incomplete", format!("The body could not be read: {error}."))
        })?;
        if bytes.len() + chunk.len() > limits.max_bytes {
            return Err(too_large(limits));
        }
        bytes.extend_from_slice(&chunk);
    }
}

fn too_slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "body.timeout", "The body took too long to arrive.")
}

/// Takes the body out of a request and reads it, for a layer that needs it before the route does.
pub(crate) async fn read_from(request: &mut ServiceRequest) -> Result<Bytes, Problem> {
    let limits = request.app_data::<Data<BodyLimits>>().map(|limits| *limits.get_ref());
    let announced = announced_length(request.headers());
    read(request.take_payload(), announced, limits).await
}

fn announced_length(headers: &HeaderMap) -> usize {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn too_large(limits: BodyLimits) -> Problem {
    let detail = format!("A body has at most {} bytes.", limits.max_bytes);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body.too_large", detail)
}

fn check_media_type(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    let is_patch = method == Method::PATCH;
    if essence.eq_ignore_ascii_case(JSON) || (is_patch && essence.eq_ignore_ascii_case(MERGE_PATCH)) {
        return Ok(());
    }
    let accepted = if is_patch { format!("{JSON} or {MERGE_PATCH}") } else { JSON.to_owned() };
    let detail = format!("Send the body as {accepted}: set Content-Type.");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "body.unsupported_media_type", detail))
}

/// Nothing is unpacked here: a small body could become one of any size.
fn check_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    let is_plain = |coding: &str| coding.trim().eq_ignore_ascii_case(PLAIN);
    let mut given = headers.get_all(header::CONTENT_ENCODING);
    if given.all(|value| value.to_str().is_ok_and(|text| text.split(',').all(is_plain))) {
        return Ok(());
    }
    let detail = "Send the body as it is, without Content-Encoding.";
    let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "body.unsupported_encoding", detail);
    Err(problem.with_header(header::ACCEPT_ENCODING, HeaderValue::from_static(PLAIN)))
}

fn parse<T: DeserializeOwned + PartialSchema + Validate>(bytes: &[u8]) -> Result<T, Problem> {
    // Derived deserializers would take an array of the fields' values, too.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(body_faults::no_object());
    }
    let body: T = serde_json::from_slice(bytes).map_err(|error| {
        if error.is_data() { body_faults::problem_of::<T>(bytes) } else { body_faults::malformed(&error) }
    })?;
    match body.validate() {
        Ok(()) => Ok(body),
        Err(errors) => {
            Err(Problem::fields(StatusCode::UNPROCESSABLE_ENTITY, "validation.failed", field_errors(errors)))
        }
    }
}

/// The body of an operation that takes none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl Validate for Nothing {
    fn validate(&self) -> Result<(), ValidationErrors> {
        Ok(())
    }
}

/// Refuses a body that says something to an operation that takes none: it would be ignored.
pub(crate) fn refuse_unread(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<(), Problem>> + use<> {
    let payload = payload.take();
    let limits = request.app_data::<Data<BodyLimits>>().map(|limits| *limits.get_ref());
    let announced = announced_length(request.headers());
    async move { says_nothing(&read(payload, announced, limits).await?) }
}

fn says_nothing(bytes: &[u8]) -> Result<(), Problem> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    parse::<Nothing>(bytes).map(drop)
}

#[cfg(test)]
mod tests {
    use actix_web::error::PayloadError;
    use futures::stream;
    use tokio::time::sleep;

    use super::*;

    /// A body that arrives in pieces of this size, one a second, until `pieces` have arrived.
    fn dripping(size: usize, pieces: usize) -> Payload {
        let drops = stream::unfold(0, move |sent| async move {
            sleep(Duration::from_secs(1)).await;
            (sent < pieces).then(|| (Ok::<_, PayloadError>(Bytes::from(vec![b' '; size])), sent + 1))
        });
        Payload::Stream { payload: Box::pin(drops) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_given_up_soon() {
        let began = Instant::now();
        let problem = read(dripping(1, 1_000), 1_000, None).await.unwrap_err();
        assert_eq!(actix_web::ResponseError::status_code(&problem), StatusCode::REQUEST_TIMEOUT);
        assert!(began.elapsed() < Duration::from_secs(11), "{:?}", began.elapsed());
    }

    #[test]
    fn where_nothing_is_read_nothing_is_to_be_said() {
        for nothing in ["", " \n", "{}", " { } "] {
            assert!(says_nothing(nothing.as_bytes()).is_ok(), "{nothing}");
        }
        for something in [r#"{"role":"lead"}"#, "[]", "null", "5", "{", "role=lead"] {
            let problem = says_nothing(something.as_bytes()).unwrap_err();
            assert_eq!(actix_web::ResponseError::status_code(&problem), StatusCode::BAD_REQUEST, "{something}");
        }
    }

    #[test]
    fn a_body_is_taken_as_it_is_and_not_packed() {
        let taken = |codings: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for coding in codings.iter().copied() {
                headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
            }
            check_encoding(&headers).is_ok()
        };
        assert!(taken(&[]) && taken(&["identity"]) && taken(&[" Identity "]));
        for packed in [&["gzip"][..], &["identity, gzip"], &["identity", "br"], &["x"], &[""]] {
            assert!(!taken(packed), "{packed:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_big_body_may_take_longer() {
        let began = Instant::now();
        let bytes = read(dripping(20 * 1024, 40), 0, None).await.unwrap();
        assert_eq!(bytes.len(), 40 * 20 * 1024);
        assert!(began.elapsed() > Duration::from_secs(39));
    }
}
