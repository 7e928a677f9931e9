//! Request bodies: JSON objects, complete or refused.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpRequest};
use futures::StreamExt;
use futures::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use validator::Validate;

use super::problem::Problem;
use super::validation::field_errors;

const JSON: &str = "application/json";
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";

/// How much a client may send, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimits {
    pub(crate) max_bytes: usize,
    pub(crate) timeout: Duration,
}

/// The body of a request: JSON (or, for PATCH, a JSON merge patch) without unknown fields, every field checked.
pub(crate) struct Body<T>(T);

impl<T> Body<T> {
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let payload = payload.take();
        let limits = request.app_data::<Data<BodyLimits>>().map(|limits| *limits.get_ref());
        let media_type = check_media_type(request.method(), request.headers());
        let announced = announced_length(request.headers());
        Box::pin(async move {
            media_type?;
            let bytes = read(payload, announced, limits).await?;
            Ok(Self(parse(&bytes)?))
        })
    }
}

/// Reads the whole body, within the limits.
pub(crate) async fn read(mut payload: Payload, announced: usize, limits: Option<BodyLimits>) -> Result<Bytes, Problem> {
    let limits = limits.unwrap_or(BodyLimits { max_bytes: 1024 * 1024, timeout: Duration::from_secs(30) });
    if announced > limits.max_bytes {
        return Err(too_large(limits));
    }
    let collected = async {
        let mut bytes = BytesMut::with_capacity(announced);
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|error| {
                Problem::bad_request("body.incomplete", format!("The body could not be read: {error}."))
            })?;
            if bytes.len() + chunk.len() > limits.max_bytes {
                return Err(too_large(limits));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    };
    tokio::time::timeout(limits.timeout, collected).await.unwrap_or_else(|_| {
        Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "body.timeout", "The body took too long to arrive."))
    })
}

pub(crate) fn announced_length(headers: &HeaderMap) -> usize {
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

fn parse<T: DeserializeOwned + Validate>(bytes: &[u8]) -> Result<T, Problem> {
    // Derived deserializers would take an array of the fields' values, too.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(Problem::bad_request("body.invalid", "The body must be a JSON object."));
    }
    let body: T = serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        Category::Data => Problem::bad_request("body.invalid", format!("The body does not fit: {error}.")),
        Category::Syntax | Category::Eof | Category::Io => {
            Problem::bad_request("body.malformed", format!("The body is not JSON: {error}."))
        }
    })?;
    match body.validate() {
        Ok(()) => Ok(body),
        Err(errors) => {
            Err(Problem::fields(StatusCode::UNPROCESSABLE_ENTITY, "validation.failed", field_errors(errors)))
        }
    }
}
