//! What an operation answers beside its success follows from what it is: so handlers need not say it.

use tenon_application::TokenAccess;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::Response;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Components, Content, Ref, RefOr, Required, Schema};

use super::super::body::MERGE_PATCH;
use super::super::cookies::AUTH_MODE;
use super::super::csrf::CSRF_TOKEN;
use super::super::idempotency::hands_out_credentials;
use super::responses::{COMMON, add_common_headers, header_ref};
use super::{BEARER, COOKIE, PERSONAL, token_access};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// Completes the operations of a path.
pub(super) fn complete(path: &str, item: &mut PathItem, components: &Components) {
    let operations = [
        (Method::Get, &mut item.get),
        (Method::Post, &mut item.post),
        (Method::Put, &mut item.put),
        (Method::Patch, &mut item.patch),
        (Method::Delete, &mut item.delete),
    ];
    for (method, operation) in operations {
        if let Some(operation) = operation {
            complete_operation(path, method, operation, components);
        }
    }
}

fn complete_operation(path: &str, method: Method, operation: &mut Operation, components: &Components) {
    let is_secured = operation.security.is_none();
    if is_secured {
        let mut alternatives =
            [BEARER, COOKIE].map(|name| SecurityRequirement::new(name, Vec::<String>::new())).to_vec();
        if let Some(TokenAccess::Scope(scope)) = operation.operation_id.as_deref().and_then(token_access::of) {
            alternatives.push(SecurityRequirement::new(PERSONAL, [scope.as_str()]));
        }
        operation.security = Some(alternatives);
    }
    if is_secured && method != Method::Get {
        operation.parameters.get_or_insert_default().push(RefOr::T(csrf_token()));
    }
    let sets_cookies = sets_cookies(operation);
    let takes_key = method == Method::Post && is_secured && !hands_out_credentials(path);
    if takes_key {
        operation.parameters.get_or_insert_default().push(RefOr::T(idempotency_key()));
    }
    if method == Method::Patch
        && let Some(RefOr::T(body)) = &mut operation.request_body
        && let Some(content) = body.content.get("application/json").cloned()
    {
        body.content.insert(MERGE_PATCH.to_owned(), content);
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            add_common_headers(response);
            if takes_key && status.starts_with('2') {
                response.headers.insert("Idempotent-Replayed".to_owned(), header_ref("Idempotent-Replayed"));
            }
            if sets_cookies && status.starts_with('2') {
                response.headers.insert("Set-Cookie".to_owned(), header_ref("Set-Cookie"));
            }
            if is_versioned(response, components) {
                response.headers.insert("ETag".to_owned(), header_ref("ETag"));
            }
            if status == "201" {
                response.headers.insert("Location".to_owned(), header_ref("Location"));
            }
        }
    }
    if has_header(operation, "If-None-Match") {
        let mut unchanged = Response::new("You have it already");
        add_common_headers(&mut unchanged);
        unchanged.headers.insert("ETag".to_owned(), header_ref("ETag"));
        operation.responses.responses.insert("304".to_owned(), RefOr::T(unchanged));
    }
    for problem in COMMON {
        if can_answer(problem.status, path, method, operation, is_secured, takes_key) {
            let reference = RefOr::Ref(Ref::from_response_name(problem.name));
            operation.responses.responses.entry(problem.status.to_owned()).or_insert(reference);
        }
    }
}

fn can_answer(
    status: &str,
    path: &str,
    method: Method,
    operation: &Operation,
    is_secured: bool,
    takes_key: bool,
) -> bool {
    let has_body = operation.request_body.is_some();
    match status {
        // Routes that hand out credentials ask for some, too.
        "401" => is_secured || hands_out_credentials(path),
        // Pages of others must not have their visitors signed in.
        "403" => is_secured || has_header(operation, AUTH_MODE),
        "404" => path.contains('{') || has_body && is_secured,
        "409" => method != Method::Get,
        "412" => has_header(operation, "If-Match"),
        "408" | "413" => has_body || takes_key,
        "415" => has_body,
        "422" => has_body || takes_key,
        _ => true,
    }
}

fn has_header(operation: &Operation, name: &str) -> bool {
    operation.parameters.iter().flatten().any(|parameter| match parameter {
        RefOr::T(parameter) => parameter.parameter_in == ParameterIn::Header && parameter.name == name,
        RefOr::Ref(_) => false,
    })
}

/// Whether what it answers a browser is for its cookies.
fn sets_cookies(operation: &Operation) -> bool {
    let id = operation.operation_id.as_deref();
    has_header(operation, AUTH_MODE) || matches!(id, Some("get_csrf_token" | "logout" | "logout_all"))
}

/// Whether the answer is a resource with a version: those have entity tags.
fn is_versioned(response: &Response, components: &Components) -> bool {
    response.content.values().any(|content| match content {
        RefOr::T(Content { schema: Some(RefOr::Ref(reference)), .. }) => {
            let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
            match components.schemas.get(name) {
                Some(RefOr::T(Schema::Object(object))) => object.properties.contains_key("version"),
                _ => false,
            }
        }
        _ => false,
    })
}

/// Without a pattern: nobody looks at it where there is no cookie.
fn csrf_token() -> Parameter {
    ParameterBuilder::new()
        .name(CSRF_TOKEN)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The token of `GET /auth/csrf`. Needed by who is signed in by cookies, and by nobody else."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).examples(["Zm9yIGV4YW1wbGU.c2lnbmF0dXJl"])))
        .build()
}

fn idempotency_key() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255))
        .pattern(Some("^[!-~]{1,255}$"))
        .examples(["create-task-7f3a"]);
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("Makes sending the request again safe: it is carried out once."))
        .schema(Some(schema))
        .build()
}
