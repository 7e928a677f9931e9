//! What every request passes on its way to its route, and every answer on its way back.
//!
//! The layers are functions around functions rather than services around services: the compiler makes one future of
//! them, where each service would be a box of its own with a call through a pointer.

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware;

use super::{admission, authentication, context, cors, idempotency, problem, rate_limit};

/// What a layer answers with.
pub(crate) type Answered = Result<ServiceResponse<BoxBody>, Error>;

/// What is inside of a layer: the layers below it, and the route.
pub(crate) trait Next: AsyncFnOnce(ServiceRequest) -> Answered {}

impl<F: AsyncFnOnce(ServiceRequest) -> Answered> Next for F {}

/// The layers around the route, from the inside out.
pub(crate) async fn around(request: ServiceRequest, route: middleware::Next<impl MessageBody + 'static>) -> Answered {
    let route = async move |request| Ok(route.call(request).await?.map_into_boxed_body());
    let next = move |request| idempotency::once(request, route);
    let next = move |request| admission::admit(request, next);
    let next = move |request| rate_limit::limit(request, next);
    let next = move |request| authentication::authenticate(request, next);
    let next = move |request| problem::render(request, next);
    let next = move |request| cors::allow(request, next);
    context::provide(request, next).await
}
