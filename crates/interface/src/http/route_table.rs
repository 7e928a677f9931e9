//! Which methods and query parameters every route takes, and how its requests are treated, read from the OpenAPI document.

use std::collections::HashMap;

use super::openapi::DOCUMENT_PATH;
use super::special_operations::{self, Treatment};
use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

/// The documented routes.
#[derive(Debug, Default)]
pub(crate) struct RouteTable {
    routes: Vec<(ResourceDef, Vec<Method>)>,
    /// Pattern and methods of the operations that take query parameters.
    queries: HashMap<String, Vec<Method>>,
    /// Pattern and methods of those that take a body.
    bodies: HashMap<String, Vec<Method>>,
    /// The special operations on paths without parameters, which most requests are not to.
    special: HashMap<String, Vec<(Method, Treatment)>>,
    special_patterns: Vec<(ResourceDef, Method, Treatment)>,
}

impl RouteTable {
    pub(crate) fn new(document: &OpenApi) -> Self {
        let mut table = Self::default();
        for (path, item) in &document.paths.paths {
            let operations = operations(item);
            let methods = operations.iter().map(|(method, _)| method.clone()).collect();
            table.routes.push((ResourceDef::new(path.as_str()), methods));
            let with_query = operations.iter().filter(|(_, operation)| takes_query(operation));
            table.queries.insert(path.clone(), with_query.map(|(method, _)| method.clone()).collect());
            let with_body = operations.iter().filter(|(_, operation)| operation.request_body.is_some());
            table.bodies.insert(path.clone(), with_body.map(|(method, _)| method.clone()).collect());
            for (method, operation) in &operations {
                let id = operation.operation_id.as_deref();
                if let Some(treatment) = id.and_then(special_operations::of) {
                    table.treat(path, method.clone(), treatment);
                }
            }
        }
        for undocumented in [DOCUMENT_PATH, "/docs", "/docs/{tail}*"] {
            table.routes.push((ResourceDef::new(undocumented), vec![Method::GET]));
        }
        table
    }

    fn treat(&mut self, path: &str, method: Method, treatment: Treatment) {
        if path.contains('{') {
            self.special_patterns.push((ResourceDef::new(path), method, treatment));
        } else {
            self.special.entry(path.to_owned()).or_default().push((method, treatment));
        }
    }

    /// How a request to this path is treated.
    pub(crate) fn treatment(&self, method: &Method, path: &str) -> Treatment {
        let literal = self.special.get(path).and_then(|all| all.iter().find(|(special, _)| special == method));
        let literal = literal.map(|(_, treatment)| *treatment);
        let pattern = || {
            let mut patterns = self.special_patterns.iter();
            let found = patterns.find(|(route, special, _)| special == method && route.is_match(path));
            found.map(|(.., treatment)| *treatment)
        };
        literal.or_else(pattern).unwrap_or_else(|| Treatment::ordinary(method))
    }

    /// The methods that a path takes, or `None` if there is nothing there.
    pub(crate) fn methods(&self, path: &str) -> Option<&[Method]> {
        self.routes.iter().find(|(route, _)| route.is_match(path)).map(|(_, methods)| methods.as_slice())
    }

    /// The methods of the route that is spelled exactly like this path, where a pattern would match it, too.
    pub(crate) fn methods_of_literal(&self, path: &str) -> Option<&[Method]> {
        let mut routes = self.routes.iter();
        routes.find(|(route, _)| route.pattern() == Some(path)).map(|(_, methods)| methods.as_slice())
    }

    pub(crate) fn takes_body(&self, method: &Method, pattern: &str) -> bool {
        self.bodies.get(pattern).is_some_and(|methods| methods.contains(method))
    }

    pub(crate) fn takes_query(&self, method: &Method, pattern: &str) -> bool {
        self.queries.get(pattern).is_some_and(|methods| methods.contains(method))
    }
}

fn operations(item: &PathItem) -> Vec<(Method, &Operation)> {
    let all = [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?))).collect()
}

fn takes_query(operation: &Operation) -> bool {
    operation.parameters.iter().flatten().any(|parameter| match parameter {
        RefOr::T(parameter) => matches!(parameter.parameter_in, ParameterIn::Query),
        RefOr::Ref(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::openapi::openapi;
    use super::super::special_operations::{RateClass, Wait};
    use super::*;

    #[test]
    fn requests_are_treated_as_their_operation_is() {
        let table = RouteTable::new(&openapi());
        let cases = [
            (Method::POST, "/api/v1/auth/login", RateClass::Auth, Wait::Hashing),
            (Method::POST, "/api/v1/auth/forgot-password", RateClass::Mail, Wait::Redeeming),
            (Method::GET, "/api/v1/users/me", RateClass::Read, Wait::Database),
            (Method::PATCH, "/api/v1/users/me", RateClass::Write, Wait::Database),
            (Method::DELETE, "/api/v1/users/me", RateClass::Auth, Wait::Hashing),
            (Method::GET, "/api/v1/users/me/export", RateClass::Heavy, Wait::Database),
            // The DNS is waited for without a place at a gate.
            (Method::POST, "/api/v1/domains/0199f8a2/verify", RateClass::Heavy, Wait::Elsewhere),
            (Method::GET, "/api/v1/tasks/ENG-1", RateClass::Read, Wait::Database),
            (Method::POST, "/api/v1/nope", RateClass::Write, Wait::Database),
        ];
        for (method, path, class, wait) in cases {
            assert_eq!(table.treatment(&method, path), Treatment { class, wait }, "{method} {path}");
        }
    }

    #[test]
    fn some_operations_take_a_body() {
        let table = RouteTable::new(&openapi());
        for (method, pattern, takes) in [
            (Method::POST, "/api/v1/tasks", true),
            (Method::DELETE, "/api/v1/users/me", true),
            (Method::GET, "/api/v1/tasks", false),
            (Method::PUT, "/api/v1/teams/{team}/members/{user_id}", false),
            (Method::POST, "/api/v1/projects/{project}/archive", false),
        ] {
            assert_eq!(table.takes_body(&method, pattern), takes, "{method} {pattern}");
        }
    }

    #[test]
    fn paths_with_parameters_can_be_special() {
        let mut table = RouteTable::default();
        let heavy = Treatment { class: RateClass::Heavy, wait: Wait::Database };
        table.treat("/api/v1/projects/{project}/export", Method::POST, heavy);
        assert_eq!(table.treatment(&Method::POST, "/api/v1/projects/ENG/export"), heavy);
        for (method, path) in [(Method::GET, "/api/v1/projects/ENG/export"), (Method::POST, "/api/v1/projects/ENG")] {
            assert_eq!(table.treatment(&method, path), Treatment::ordinary(&method), "{method} {path}");
        }
    }
}
