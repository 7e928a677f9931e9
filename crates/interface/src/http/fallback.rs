use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::problem::Problem;
use super::route_table::RouteTable;

/// Requests that no route takes: 405 with `Allow` where other methods work, 404 elsewhere.
pub(crate) async fn answer(request: HttpRequest, table: Data<RouteTable>) -> Result<HttpResponse, Problem> {
    let Some(methods) = table.methods(request.match_info().as_str()) else {
        return Err(Problem::new(StatusCode::NOT_FOUND, "route.not_found", "There is nothing at this address."));
    };
    Err(method_not_allowed(&request, methods))
}

/// 405, with the methods that do work.
pub(crate) fn method_not_allowed(request: &HttpRequest, methods: &[Method]) -> Problem {
    let mut allowed: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    let allowed = allowed.join(", ");
    let detail = format!("{} does not work here; these do: {allowed}.", request.method());
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method.not_allowed", detail);
    match HeaderValue::from_str(&allowed) {
        Ok(value) => problem.with_header(header::ALLOW, value),
        Err(_) => problem,
    }
}
