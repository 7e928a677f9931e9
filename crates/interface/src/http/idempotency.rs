//! `Idempotency-Key`: a POST that is sent again is not done again.
//!
//! Kept is the first outcome: a success, or what the state of things did not allow (404, 409). A request that never
//! started (malformed, invalid, not permitted, too many) gives its key back and may be mended and sent again. A failure
//! on our side gives the key back too; if the command had committed by then, the store keeps the key, and a retry
//! learns that the answer was lost. A request whose claim was taken over meanwhile only keeps what it committed. An outcome is
//! told again to the same credential with the same rights, and to nobody else (ADR 12).

use std::rc::Rc;

use actix_web::HttpMessage;
use actix_web::body::{BoxBody, to_bytes};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use chrono::TimeDelta;
use sha2::{Digest, Sha256};
use tenon_application::idempotency::{Claim, Fingerprint, StoredAnswer};
use tenon_application::{Actor, AppError};
use tenon_domain::{OrganizationId, Timestamp, UserId};

use super::BASE_PATH;
use super::authentication::Authentication;
use super::body;
use super::conditional::beginning_of;
use super::layers::{Answered, Next};
use super::problem::{self, Problem};
use super::services::HttpServices;
use super::{replay, withheld};

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_KEY: usize = 255;
/// Half of a digest: two of them fit where one did.
const DIGEST_BYTES: usize = 16;
/// A request that did not finish in this time most likely died with its process, and a retry may take its claim over.
/// Should it live after all, only one of the two commits: the key is marked inside the transaction.
const CLAIM_LIFETIME: TimeDelta = TimeDelta::seconds(5);
/// The headers that belong to an answer, beside its status and body.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

/// Runs a POST with a key at most once.
pub(crate) async fn once(mut request: ServiceRequest, next: impl Next) -> Answered {
    let key = match key_of(&request) {
        Ok(Some(key)) => key,
        Ok(None) => return next(request).await,
        Err(problem) => return Ok(request.error_response(problem)),
    };
    let actor = Authentication::of(request.request()).map(|found| found.actor.clone());
    let services = request.app_data::<Data<HttpServices>>().cloned();
    let (Some(actor), Some(services)) = (actor.filter(|actor| actor.viewer().is_ok()), services) else {
        // Without a user the route refuses the request.
        return next(request).await;
    };
    let bytes = match body::read_from(&mut request).await {
        Ok(bytes) => bytes,
        Err(problem) => return Ok(request.error_response(problem)),
    };
    let (user, claimed_at) = match course(&services, &actor, &key, &request, &bytes).await {
        Ok(Course::Run { user, claimed_at }) => (user, claimed_at),
        Ok(Course::Replay(stored)) => return Ok(replay::told_again(&services, &actor, request, stored).await),
        Err(problem) => return Ok(request.error_response(problem)),
    };
    request.set_payload(Payload::from(bytes));
    if let Some(found) = request.extensions_mut().get_mut::<Rc<Authentication>>() {
        Rc::make_mut(found).actor.origin.idempotency_key = Some(key.clone());
    }
    let answer = next(request).await?;
    keep(&services, user, &key, claimed_at, answer).await
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
        let detail = "Nothing is kept of requests about credentials: send this one without Idempotency-Key.";
        return Err(Problem::bad_request("idempotency.not_supported", detail));
    }
    Ok(Some(text.to_owned()))
}

fn is_key(text: &str) -> bool {
    (1..=MAX_KEY).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Routes whose answers hold tokens, which must not lie in a store of answers, or whose bodies hold passwords: from the
/// digest of a body they could be guessed.
pub(crate) fn hands_out_credentials(path: &str) -> bool {
    let path = path.strip_prefix(BASE_PATH).unwrap_or(path);
    path.starts_with("/auth/")
        || path == "/invitations/accept"
        || matches!(path, "/users/me/tokens" | "/users/me/password" | "/users/me/email")
        || matches!(path, "/identity-providers" | "/organizations/current/transfer")
        || path.starts_with("/users/me/mfa/")
        || path.starts_with("/users/me/passkeys")
        || path.starts_with("/service-accounts/") && path.ends_with("/tokens")
}

/// Tells requests apart: organization, method, path, query and body.
fn digest_of(request: &ServiceRequest, organization: OrganizationId, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(organization.uuid().as_bytes());
    for part in [request.method().as_str(), request.match_info().as_str(), request.query_string()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.update(body);
    beginning_of(hash, DIGEST_BYTES)
}

/// What is to be done with a request.
enum Course {
    Run {
        user: UserId,
        claimed_at: Timestamp,
    },
    /// To be answered as the first one was.
    Replay(StoredAnswer),
}

async fn course(
    services: &HttpServices,
    actor: &Actor,
    key: &str,
    request: &ServiceRequest,
    body: &[u8],
) -> Result<Course, Problem> {
    let viewer = actor.viewer()?;
    let standing = services.app.standing(actor).await?;
    let fingerprint = Fingerprint {
        request: digest_of(request, viewer.organization, body),
        caller: beginning_of(Sha256::new_with_prefix(standing), DIGEST_BYTES),
    };
    let (user, now) = (viewer.user, services.app.clock.now());
    let claim = services.idempotency.claim(user, key, &fingerprint, now, now - CLAIM_LIFETIME);
    let claim = services.app.availability.within_reach(claim).await;
    match claim.map_err(AppError::from)? {
        Claim::Claimed(claimed_at) => Ok(Course::Run { user, claimed_at }),
        Claim::Answered(stored) => Ok(Course::Replay(stored)),
        Claim::Running => Err(in_progress()),
        Claim::AnswerLost => Err(Problem::new(
            StatusCode::CONFLICT,
            "idempotency.answer_lost",
            "The first request with this key was carried out, but its answer was lost: look at its result.",
        )),
        Claim::OtherRequest => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency.key_reused",
            "This key was used for another request: take a new one.",
        )),
        Claim::OtherCaller => Err(replay::not_for_this_caller()),
    }
}

fn in_progress() -> Problem {
    let detail = "Another request with this key is still running.";
    Problem::new(StatusCode::CONFLICT, "idempotency.in_progress", detail)
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
    claimed_at: Timestamp,
    answer: ServiceResponse<BoxBody>,
) -> Answered {
    if !is_outcome(&answer) {
        let release = services.idempotency.release(user, key, claimed_at);
        if let Err(error) = services.app.availability.within_reach(release).await {
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
        body: withheld::withhold(&request, &body),
    };
    let keep = services.idempotency.keep_answer(user, key, claimed_at, &stored);
    match services.app.availability.within_reach(keep).await {
        // The claim was taken over: what stood in this one's way may be what the other request has done.
        Ok(false) if !stored.is_success() => return Ok(ServiceResponse::from_err(in_progress(), request)),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "an answer could not be kept for its idempotency key"),
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
        assert!(hands_out_credentials("/api/v1/users/me/tokens"));
        assert!(hands_out_credentials("/api/v1/users/me/password"));
        assert!(hands_out_credentials("/api/v1/users/me/mfa/recovery-codes"));
        assert!(hands_out_credentials("/api/v1/users/me/passkeys"));
        assert!(hands_out_credentials("/api/v1/users/me/passkeys/options"));
        assert!(hands_out_credentials("/api/v1/organizations/current/transfer"));
        assert!(hands_out_credentials("/api/v1/identity-providers"));
        assert!(hands_out_credentials("/api/v1/service-accounts/0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66/tokens"));
        assert!(!hands_out_credentials("/api/v1/tasks"));
        assert!(!hands_out_credentials("/api/v1/service-accounts"));
    }
}
