//! Which methods and query parameters every route takes, read from the OpenAPI document.

use std::collections::HashMap;

use super::openapi::DOCUMENT_PATH;
use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

/// The documented routes.
#[derive(Debug)]
pub(crate) struct RouteTable {
    routes: Vec<(ResourceDef, Vec<Method>)>,
    /// Pattern and methods of the operations that take query parameters.
    queries: HashMap<String, Vec<Method>>,
}

impl RouteTable {
    pub(crate) fn new(document: &OpenApi) -> Self {
        let mut table = Self { routes: Vec::new(), queries: HashMap::new() };
        for (path, item) in &document.paths.paths {
            let operations = operations(item);
            let methods = operations.iter().map(|(method, _)| method.clone()).collect();
            table.routes.push((ResourceDef::new(path.as_str()), methods));
            let with_query = operations.iter().filter(|(_, operation)| takes_query(operation));
            table.queries.insert(path.clone(), with_query.map(|(method, _)| method.clone()).collect());
        }
        for undocumented in [DOCUMENT_PATH, "/docs", "/docs/{tail}*"] {
            table.routes.push((ResourceDef::new(undocumented), vec![Method::GET]));
        }
        table
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
