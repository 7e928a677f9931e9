use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::web::Data;

use super::super::authentication::{Authentication, authenticate_again};
use super::super::context::RequestContext;
use super::super::layers::{Answered, Next};
use super::super::problem::Problem;
use super::super::route_table::RouteTable;
use super::super::special_operations::{Wait, reads};
use super::super::{BASE_PATH, body};
use super::party::Party;
use super::worker::{PENALTY, SIGN_IN_PENALTY, Worker};
use super::{Admission, READS, WRITES};

/// A client that took longer for its body may not be who it was when it began.
const LONG_READ: Duration = Duration::from_secs(1);

/// Lets a request to the API in when it is its turn, or refuses it.
pub(crate) async fn admit(mut request: ServiceRequest, next: impl Next) -> Answered {
    if !request.match_info().as_str().starts_with(BASE_PATH) {
        return next(request).await;
    }
    let writes = !reads(request.method());
    let wait = wait(&request);
    let hashes = wait == Wait::Hashing;
    let may_wait_for_the_database = may_wait_for_the_database(&request, wait);
    let admission = request.app_data::<Data<Option<Admission>>>().cloned();
    let admission = admission.as_ref().and_then(|admission| admission.get_ref().as_ref());
    let (party, worker) = (party(&request), request.app_data::<Worker>().cloned());
    let class = if writes { WRITES } else { READS };
    if let (Some(admission), Some(worker)) = (admission, &worker)
        && !worker.admit(party)
    {
        return Ok(refuse(request, admission, Some(worker.clone()), class, "busy").await);
    }
    if writes
        && may_wait_for_the_database
        && let Err(problem) = receive(&mut request).await
    {
        return Ok(request.error_response(problem));
    }
    let (Some(admission), true) = (admission, may_wait_for_the_database && !hashes && wait != Wait::Elsewhere) else {
        let answer = next(request).await?;
        if admission.is_some() && hashes && answer.status() == StatusCode::SERVICE_UNAVAILABLE {
            // Most likely the line for hashing is full. Hashing gives way to all else, so also to sending people away.
            hold_back(worker.as_ref(), SIGN_IN_PENALTY).await;
        }
        return Ok(answer);
    };
    let gate = if writes { &admission.writes } else { &admission.reads };
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

/// Reads the body before anything waits for it: a client that sends slowly holds no place meanwhile, and is looked at again
/// when it is done.
async fn receive(request: &mut ServiceRequest) -> Result<(), Problem> {
    let began = Instant::now();
    let bytes = body::read_from(request).await?;
    request.set_payload(Payload::from(bytes));
    if began.elapsed() > LONG_READ {
        authenticate_again(request).await;
    }
    Ok(())
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
        None => Party::Address(RequestContext::of(request.request()).and_then(|context| context.client)),
    }
}

fn wait(request: &ServiceRequest) -> Wait {
    let (method, path) = (request.method(), request.match_info().as_str());
    let routes = request.app_data::<Data<RouteTable>>();
    routes.map_or(Wait::Database, |routes| routes.treatment(method, path).wait)
}

/// Whether the request may come to wait for the database. The route refuses who is not signed in before that.
fn may_wait_for_the_database(request: &ServiceRequest, wait: Wait) -> bool {
    let is_signed_in = Authentication::of(request.request()).is_some_and(|found| found.actor.organization().is_some());
    is_signed_in || wait == Wait::Redeeming
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
