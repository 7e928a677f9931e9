//! Who a handler acts for.

use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures::future::{Either, LocalBoxFuture};
use tenon_application::{Actor, App, AppError, Command, Denial, Query};

use super::authentication::Authentication;
use super::body::refuse_unread;
use super::context::RequestContext;
use super::problem::Problem;
use super::route_table::RouteTable;

/// A signed-in user, with the application. Without valid credentials the answer is 401.
pub(crate) struct Caller {
    app: Data<App>,
    authentication: Rc<Authentication>,
}

/// Somebody who need not be signed in: for the routes that sign in.
pub(crate) struct Visitor {
    pub(crate) actor: Actor,
}

impl Caller {
    pub(crate) fn actor(&self) -> &Actor {
        &self.authentication.actor
    }

    /// Whether it is a browser that is signed in by its cookies.
    pub(crate) fn has_cookie(&self) -> bool {
        self.authentication.by_cookie
    }

    pub(crate) async fn execute<C: Command>(&self, command: C) -> Result<C::Output, Problem> {
        Ok(self.app.execute(self.actor(), command).await?)
    }

    pub(crate) async fn ask<Q: Query>(&self, query: Q) -> Result<Q::Output, Problem> {
        Ok(self.app.ask(self.actor(), query).await?)
    }
}

/// At once, unless there is a body that has to be looked at.
type Found<T> = Either<Ready<Result<T, Problem>>, LocalBoxFuture<'static, Result<T, Problem>>>;

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Found<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let found = signed_in(request).and_then(|authentication| {
            let app = request.app_data::<Data<App>>().cloned();
            let app = app.ok_or_else(|| AppError::Internal("the application is not registered".to_owned()))?;
            check_query(request)?;
            Ok(Self { app, authentication })
        });
        after_body(found, request, payload)
    }
}

impl FromRequest for Visitor {
    type Error = Problem;
    type Future = Found<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let found = authentication(request).and_then(|found| {
            check_query(request)?;
            Ok(Self { actor: found.actor.clone() })
        });
        after_body(found, request, payload)
    }
}

/// Refuses a body where the route documents none. Where it does, the handler reads it.
fn after_body<T: 'static>(found: Result<T, Problem>, request: &HttpRequest, payload: &mut Payload) -> Found<T> {
    match found {
        Ok(found) if leaves_body_unread(request, payload) => {
            let refusal = refuse_unread(request, payload);
            let checked: LocalBoxFuture<'static, Result<T, Problem>> =
                Box::pin(async move { refusal.await.map(|()| found) });
            Either::Right(checked)
        }
        found => Either::Left(ready(found)),
    }
}

/// Whether there is a body that nobody will look at. What reads has none that means anything (RFC 9110, 9.3.1).
fn leaves_body_unread(request: &HttpRequest, payload: &Payload) -> bool {
    if matches!(payload, Payload::None) || request.method().is_safe() {
        return false;
    }
    let documented = request.app_data::<Data<RouteTable>>().zip(request.match_pattern());
    documented.is_some_and(|(table, pattern)| {
        // What was taken for an id may be the name of another route, which has no such method: the path says so.
        let named = table.methods_of_literal(request.match_info().as_str());
        let is_other_route = named.is_some_and(|methods| !methods.contains(request.method()));
        !is_other_route && !table.takes_body(request.method(), &pattern)
    })
}

/// What was found out about the request, whose route is known by now.
fn authentication(request: &HttpRequest) -> Result<Rc<Authentication>, Problem> {
    if let Some(context) = RequestContext::of(request) {
        context.route(request);
    }
    Authentication::of(request).ok_or_else(|| AppError::Internal("the request was not authenticated".to_owned()).into())
}

fn signed_in(request: &HttpRequest) -> Result<Rc<Authentication>, Problem> {
    let found = authentication(request)?;
    match &found.refusal {
        Some(refusal) => Err(refusal.clone().into()),
        None if found.actor.user_id().is_none() => Err(AppError::Unauthenticated(Denial::MissingToken).into()),
        None => Ok(found),
    }
}

/// Refuses a query where the route documents none. Routes that do document one read it with `List`, which refuses
/// what it does not know.
fn check_query(request: &HttpRequest) -> Result<(), Problem> {
    if request.query_string().is_empty() {
        return Ok(());
    }
    let takes_query = request
        .app_data::<Data<RouteTable>>()
        .zip(request.match_pattern())
        .is_some_and(|(table, pattern)| table.takes_query(request.method(), &pattern));
    if takes_query {
        Ok(())
    } else {
        Err(Problem::bad_request("query.unknown", "This operation takes no query parameters."))
    }
}
