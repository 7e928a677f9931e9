//! Who sent the request, found out once: everything inside asks for the result.

use std::rc::Rc;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use tenon_application::identity::Authenticator;
use tenon_application::{Actor, AppError, Credential, Denial, Origin, Principal};

use super::context::RequestContext;
use super::csrf::Forgery;
use super::layers::{Answered, Next};
use super::problem::Problem;
use super::services::TraceContext;
use super::{cookies, csrf};

/// The outcome of authenticating a request.
#[derive(Clone, Debug)]
pub(crate) struct Authentication {
    /// The user, or somebody anonymous if there are no valid credentials.
    pub(crate) actor: Actor,
    /// Whether a cookie says who it is.
    pub(crate) by_cookie: bool,
    /// Why the credentials were refused, if there were any.
    pub(crate) refusal: Option<Refusal>,
}

/// Why credentials are refused by the routes that ask for some. The others do not look at them: who signs in may have an
/// old cookie.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    Denied(AppError),
    /// There is a cookie and an `Authorization`, or more than one of either, and nobody can say which one counts.
    MixedCredentials,
    Forged(Forgery),
}

impl From<AppError> for Refusal {
    fn from(denial: AppError) -> Self {
        Self::Denied(denial)
    }
}

impl From<Forgery> for Refusal {
    fn from(forgery: Forgery) -> Self {
        Self::Forged(forgery)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied(denial) => denial.into(),
            Refusal::MixedCredentials => {
                let detail = "There are several tokens or cookies to sign in with: send one of them.";
                Self::bad_request("auth.mixed_credentials", detail)
            }
            Refusal::Forged(forgery) => forgery.into(),
        }
    }
}

impl Authentication {
    /// What was found out about this request, if it is one to the API.
    pub(crate) fn of(request: &HttpRequest) -> Option<Rc<Self>> {
        request.extensions().get::<Rc<Self>>().cloned()
    }
}

/// Authenticates API requests. Whether that is enough is for the route to say.
pub(crate) async fn authenticate(request: ServiceRequest, next: impl Next) -> Answered {
    if request.match_info().as_str().starts_with(super::BASE_PATH)
        && let Some(context) = RequestContext::of(request.request())
    {
        let received = context.traceparent.as_deref();
        let traceparent = match request.app_data::<Data<Option<TraceContext>>>().map(Data::get_ref) {
            Some(Some(trace_of)) => trace_of(&tracing::Span::current(), None),
            _ => received.map(str::to_owned),
        };
        let origin = context.origin(traceparent);
        remember(&request, origin).await;
    }
    next(request).await
}

/// Looks again who sent the request: meanwhile the session may have ended, and a role may have been taken away.
pub(crate) async fn authenticate_again(request: &ServiceRequest) {
    if let Some(known) = Authentication::of(request.request()) {
        remember(request, known.actor.origin.clone()).await;
    }
}

async fn remember(request: &ServiceRequest, origin: Origin) {
    let (principal, by_cookie, refusal) = match identify(request.request()).await {
        Ok((principal, by_cookie)) => (principal, by_cookie, None),
        Err(refusal) => (Principal::Anonymous, false, Some(refusal)),
    };
    let outcome = Authentication { actor: Actor { principal, origin }, by_cookie, refusal };
    request.extensions_mut().insert(Rc::new(outcome));
}

/// Who sent the request, and whether a cookie says so.
async fn identify(request: &HttpRequest) -> Result<(Principal, bool), Refusal> {
    let headers = request.headers();
    let cookie = cookies::read(headers, cookies::ACCESS);
    let mut authorizations = headers.get_all(header::AUTHORIZATION);
    let authorization = authorizations.next();
    let is_mixed = match cookie {
        Some(_) => authorization.is_some() || cookies::is_repeated(headers, cookies::ACCESS),
        None => authorizations.any(|other| Some(other) != authorization),
    };
    if is_mixed {
        return Err(Refusal::MixedCredentials);
    }
    let Some(authenticator) = request.app_data::<Data<Authenticator>>() else {
        return Ok((Principal::Anonymous, false));
    };
    let client = RequestContext::of(request).and_then(|context| context.client);
    if let Some(token) = cookie {
        let principal = authenticator.authenticate_from(token, client).await?;
        // Personal access tokens are for programs, and no session that a CSRF token could be of.
        let Principal::User { credential: Credential::Session(session), .. } = principal else {
            return Err(AppError::Unauthenticated(Denial::InvalidToken).into());
        };
        csrf::check(request, session)?;
        return Ok((principal, true));
    }
    match bearer(headers) {
        Some(token) => Ok((authenticator.authenticate_from(token, client).await?, false)),
        None => Ok((Principal::Anonymous, false)),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
