//! Who sent the request, found out once: everything inside asks for the result.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use tenon_application::identity::Authenticator;
use tenon_application::{Actor, AppError};

use super::context::RequestContext;
use super::services::TraceContext;

/// The outcome of authenticating a request.
#[derive(Clone, Debug)]
pub(crate) struct Authentication {
    /// The user, or somebody anonymous if there are no valid credentials.
    pub(crate) actor: Actor,
    /// Why the credentials were refused, if there were any.
    pub(crate) refusal: Option<AppError>,
}

/// Authenticates API requests. Whether that is enough is for the route to say.
pub(crate) async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.match_info().as_str().starts_with(super::BASE_PATH)
        && let Some(context) = RequestContext::of(request.request())
    {
        let received = context.traceparent.as_deref();
        let traceparent = match request.app_data::<Data<Option<TraceContext>>>().map(Data::get_ref) {
            Some(Some(trace_of)) => trace_of(&tracing::Span::current(), None),
            _ => received.map(str::to_owned),
        };
        let origin = context.origin(traceparent);
        let anonymous = Actor::anonymous(origin.clone());
        let outcome = match (bearer(&request), request.app_data::<Data<Authenticator>>()) {
            (Some(token), Some(authenticator)) => match authenticator.authenticate(token, origin).await {
                Ok(actor) => Authentication { actor, refusal: None },
                Err(refusal) => Authentication { actor: anonymous, refusal: Some(refusal) },
            },
            _ => Authentication { actor: anonymous, refusal: None },
        };
        request.extensions_mut().insert(outcome);
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn bearer(request: &ServiceRequest) -> Option<&str> {
    let (scheme, token) = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
