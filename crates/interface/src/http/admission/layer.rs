use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;

use super::super::authentication::Authentication;
use super::super::context::RequestContext;
use super::super::layers::{Answered, Next};
use super::super::{BASE_PATH, body};
use super::party::Party;
use super::worker::{PENALTY, SIGN_IN_PENALTY, Worker};
use super::{Admission, READS, WRITES};

/// Where passwords are hashed, in a bounded line of their own: a place at a gate would be held for all that time.
const HASHING: &[&str] = &[
    "/auth/login",
    "/auth/register",
    "/auth/reset-password",
    "/invitations/accept",
    "/users/me/password",
    "/users/me/email",
    "/users/me/mfa/totp",
];

/// Where who has not signed in redeems a token or asks for one, which is looked up in the database.
const REDEEMING: &[&str] = &[
    "/auth/refresh",
    "/auth/mfa/verify",
    "/auth/unlock",
    "/auth/verify-email",
    "/auth/verify-email/resend",
    "/auth/forgot-password",
    "/auth/confirm-email",
];

/// Lets a request to the API in when it is its turn, or refuses it.
pub(crate) async fn admit(mut request: ServiceRequest, next: impl Next) -> Answered {
    let admission = request.app_data::<Data<Option<Admission>>>().cloned();
    let Some(admission) = admission.as_ref().and_then(|admission| admission.get_ref().as_ref()) else {
        return next(request).await;
    };
    let Some(path) = request.match_info().as_str().strip_prefix(BASE_PATH) else {
        return next(request).await;
    };
    let (gate, class) = match *request.method() {
        Method::GET | Method::HEAD | Method::OPTIONS => (&admission.reads, READS),
        _ => (&admission.writes, WRITES),
    };
    let hashes = HASHING.contains(&path);
    let (party, passes_gate) = (party(&request), !hashes && passes_gate(&request, path));
    let worker = request.app_data::<Worker>().cloned();
    if worker.as_ref().is_some_and(|worker| !worker.admit(party)) {
        return Ok(refuse(request, admission, worker, class, "busy").await);
    }
    if !passes_gate {
        let answer = next(request).await?;
        if hashes && answer.status() == StatusCode::SERVICE_UNAVAILABLE {
            // Most likely the line for hashing is full. Hashing gives way to all else, so also to sending people away.
            hold_back(worker.as_ref(), SIGN_IN_PENALTY).await;
        }
        return Ok(answer);
    }
    if class == WRITES {
        // First: a client that sends slowly must not hold a place meanwhile.
        match body::read_from(&mut request).await {
            Ok(bytes) => request.set_payload(Payload::from(bytes)),
            Err(problem) => return Ok(request.error_response(problem)),
        }
    }
    let permit = match gate.enter(party).await {
        Ok(permit) => permit,
        Err(refusal) => return Ok(refuse(request, admission, worker, class, refusal.reason()).await),
    };
    let answer = next(request).await?;
    if answer.status().is_success() || answer.status() == StatusCode::NOT_MODIFIED {
        permit.done(operation(&answer));
    }
    Ok(answer)
}

/// Clients that send again at once would keep the threads busy with refusals.
async fn hold_back(worker: Option<&Worker>, penalty: Duration) {
    if let Some(worker) = worker {
        worker.hold_back(penalty).await;
    }
}

/// Refuses the request, a little later.
async fn refuse(
    request: ServiceRequest,
    admission: &Admission,
    worker: Option<Worker>,
    class: &'static str,
    reason: &'static str,
) -> ServiceResponse<BoxBody> {
    hold_back(worker.as_ref(), PENALTY).await;
    let problem = admission.refusals.refuse(request.request(), class, reason);
    request.error_response(problem)
}

fn party(request: &ServiceRequest) -> Party {
    let organization = Authentication::of(request.request()).and_then(|found| found.actor.organization());
    match organization {
        Some(organization) => Party::Organization(organization),
        None => Party::Address(request.peer_addr().map(|address| address.ip())),
    }
}

/// Whether the request may come to wait for the database. The route refuses who is not signed in before that.
fn passes_gate(request: &ServiceRequest, path: &str) -> bool {
    let is_signed_in = Authentication::of(request.request()).is_some_and(|found| found.actor.organization().is_some());
    is_signed_in || REDEEMING.contains(&path)
}

/// What kind of operation was answered, for comparing it with its like.
fn operation(answer: &ServiceResponse<BoxBody>) -> u64 {
    let mut hasher = DefaultHasher::new();
    answer.request().method().hash(&mut hasher);
    if let Some(context) = RequestContext::of(answer.request()) {
        context.route(answer.request()).hash(&mut hasher);
    }
    hasher.finish()
}
