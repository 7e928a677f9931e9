//! Who sent the request, found out once: everything inside asks for the result.

use std::rc::Rc;

use actix_web::dev::ServiceRequest;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use tenon_application::identity::Authenticator;
use tenon_application::{Actor, AppError, Principal};

use super::context::RequestContext;
use super::layers::{Answered, Next};
use super::services::TraceContext;

/// The outcome of authenticating a request.
#[derive(Clone, Debug)]
pub(crate) struct Authentication {
    /// The user, or somebody anonymous if there are no valid credentials.
    pub(crate) actor: Actor,
    /// Why the credentials were refused, if there were any.
    pub(crate) refusal: Option<AppError>,
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
        let identified = match (bearer(&request), request.app_data::<Data<Authenticator>>()) {
            (Some(token), Some(authenticator)) => authenticator.authenticate(token).await,
            _ => Ok(Principal::Anonymous),
        };
        let (principal, refusal) = match identified {
            Ok(principal) => (principal, None),
            Err(refusal) => (Principal::Anonymous, Some(refusal)),
        };
        let outcome = Authentication { actor: Actor { principal, origin }, refusal };
        request.extensions_mut().insert(Rc::new(outcome));
    }
    next(request).await
}

fn bearer(request: &ServiceRequest) -> Option<&str> {
    let (scheme, token) = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
