//! `Idempotency-Key`: a POST that is sent again is not done again.
//!
//! Kept is the first outcome: a success, or what the state of things did not allow (404, 409). A request that never
//! started (malformed, invalid, not permitted, too many) gives its key back and may be mended and sent again. A failure
//! on our side gives the key back too; if the command had committed by then, the store keeps the key, and a retry
//! learns that the answer was lost.

use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpMessage, HttpResponse};
use chrono::TimeDelta;
use sha2::{Digest, Sha256};
use tenon_application::AppError;
use tenon_application::idempotency::{Claim, StoredAnswer};
use tenon_domain::{OrganizationId, UserId};

use super::BASE_PATH;
use super::authentication::Authentication;
use super::body::{self, BodyLimits};
use super::problem::{self, Problem};
use super::services::HttpServices;

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const MAX_KEY: usize = 255;
/// A request that did not finish in this time died with its process.
const CLAIM_LIFETIME: TimeDelta = TimeDelta::seconds(60);
/// The headers that belong to an answer, beside its status and body.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

/// Runs a POST with a key at most once.
pub(crate) async fn once(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let key = match key_of(&request) {
        Ok(Some(key)) => key,
        Ok(None) => return Ok(next.call(request).await?.map_into_boxed_body()),
        Err(problem) => return Ok(request.error_response(problem)),
    };
    let actor = request.extensions().get::<Authentication>().map(|found| found.actor.clone());
    let viewer = actor.and_then(|actor| actor.viewer().ok());
    let services = request.app_data::<Data<HttpServices>>().cloned();
    let (Some(viewer), Some(services)) = (viewer, services) else {
        // Without a user the route refuses the request.
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let bytes = match read_body(&mut request).await {
        Ok(bytes) => bytes,
        Err(problem) => return Ok(request.error_response(problem)),
    };
    let user = viewer.user;
    let fingerprint = fingerprint(&request, viewer.organization, &bytes);
    request.set_payload(Payload::from(bytes));
    match claim(&services, user, &key, &fingerprint).await {
        Ok(None) => {}
        Ok(Some(stored)) => return Ok(request.into_response(replay(stored))),
        Err(problem) => return Ok(request.error_response(problem)),
    }
    if let Some(found) = request.extensions_mut().get_mut::<Authentication>() {
        found.actor.origin.idempotency_key = Some(key.clone());
    }
    let answer = next.call(request).await?.map_into_boxed_body();
    keep(&services, user, &key, answer).await
}

/// The key of the request, if it has one and may have one.
fn key_of(request: &ServiceRequest) -> Result<Option<String>, Problem> {
    if request.method() != Method::POST || !request.match_info().as_str().starts_with(BASE_PATH) {
        return Ok(None);
    }
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|text| is_key(text)).filter(|_| values.next().is_none());
    let Some(text) = text else {
        let detail = format!("Idempotency-Key must be 1 to {MAX_KEY} visible ASCII characters.");
        return Err(Problem::bad_request("idempotency.key_malformed", detail));
    };
    if hands_out_credentials(request.match_info().as_str()) {
        let detail = "Answers with credentials are never kept: send this request without Idempotency-Key.";
        return Err(Problem::bad_request("idempotency.not_supported", detail));
    }
    Ok(Some(text.to_owned()))
}

fn is_key(text: &str) -> bool {
    (1..=MAX_KEY).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Routes whose answers hold tokens, which must not lie in a store of answers.
pub(crate) fn hands_out_credentials(path: &str) -> bool {
    let path = path.strip_prefix(BASE_PATH).unwrap_or(path);
    path.starts_with("/auth/") || path == "/invitations/accept"
}

async fn read_body(request: &mut ServiceRequest) -> Result<Bytes, Problem> {
    let limits = request.app_data::<Data<BodyLimits>>().map(|limits| *limits.get_ref());
    let announced = body::announced_length(request.headers());
    body::read(request.take_payload(), announced, limits).await
}

/// Tells requests apart: organization, method, path, query and body.
fn fingerprint(request: &ServiceRequest, organization: OrganizationId, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(organization.uuid().as_bytes());
    for part in [request.method().as_str(), request.match_info().as_str(), request.query_string()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.update(body);
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `None` to run the request, or the answer of the first one.
async fn claim(
    services: &HttpServices,
    user: UserId,
    key: &str,
    fingerprint: &str,
) -> Result<Option<StoredAnswer>, Problem> {
    let now = services.app.clock.now();
    let claim = services.idempotency.claim(user, key, fingerprint, now, now - CLAIM_LIFETIME).await;
    let conflict = |code: &'static str, detail: &str| Err(Problem::new(StatusCode::CONFLICT, code, detail));
    match claim.map_err(AppError::from)? {
        Claim::Claimed => Ok(None),
        Claim::Answered(stored) => Ok(Some(stored)),
        Claim::Running => conflict("idempotency.in_progress", "The first request with this key is still running."),
        Claim::AnswerLost => conflict(
            "idempotency.answer_lost",
            "The first request with this key was carried out, but its answer was lost: look at its result.",
        ),
        Claim::OtherRequest => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency.key_reused",
            "This key was used for another request: take a new one.",
        )),
    }
}

fn replay(stored: StoredAnswer) -> HttpResponse {
    let mut answer = HttpResponse::build(StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK));
    for (name, value) in stored.headers {
        answer.insert_header((name, value));
    }
    answer.insert_header((REPLAYED, HeaderValue::from_static("true"))).body(stored.body)
}

/// Whether an answer is an outcome, so that the same request must be answered the same again.
fn is_outcome(answer: &ServiceResponse<BoxBody>) -> bool {
    match answer.status() {
        StatusCode::NOT_FOUND => true,
        StatusCode::CONFLICT => !problem::is_contention(answer),
        status => status.is_success(),
    }
}

/// Keeps the answer if it is an outcome; else gives the key back.
async fn keep(
    services: &HttpServices,
    user: UserId,
    key: &str,
    answer: ServiceResponse<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !is_outcome(&answer) {
        if let Err(error) = services.idempotency.release(user, key).await {
            tracing::warn!(%error, "an idempotency key could not be given back");
        }
        return Ok(answer);
    }
    let (request, answer) = problem::rendered(answer).into_parts();
    let (head, body) = answer.into_parts();
    let body = to_bytes(body).await.map_err(|error| AppError::Internal(format!("an unreadable answer: {error}")));
    let body = body.map_err(Problem::from)?;
    let kept = |name: &HeaderName| Some((name.to_string(), head.headers().get(name)?.to_str().ok()?.to_owned()));
    let stored = StoredAnswer {
        status: head.status().as_u16(),
        headers: KEPT_HEADERS.iter().filter_map(kept).collect(),
        body: body.to_vec(),
    };
    if let Err(error) = services.idempotency.keep_answer(user, key, &stored).await {
        tracing::warn!(%error, "an answer could not be kept for its idempotency key");
    }
    Ok(ServiceResponse::new(request, head.set_body(BoxBody::new(body))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_visible_ascii() {
        assert!(is_key("a"));
        assert!(is_key(&"~".repeat(255)));
        for bad in ["", "a b", "ä", "\t", &"a".repeat(256)] {
            assert!(!is_key(bad), "{bad:?}");
        }
    }

    #[test]
    fn answers_with_credentials_are_not_kept() {
        assert!(hands_out_credentials("/api/v1/auth/login"));
        assert!(hands_out_credentials("/api/v1/invitations/accept"));
        assert!(!hands_out_credentials("/api/v1/tasks"));
    }
}
