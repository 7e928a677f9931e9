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
use super::super::special_operations::{self, RateClass};
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
            if sets_cookies && (status.starts_with('2') || status == "302") {
                response.headers.insert("Set-Cookie".to_owned(), header_ref("Set-Cookie"));
            }
            if is_versioned(response, components) {
                response.headers.insert("ETag".to_owned(), header_ref("ETag"));
            }
            if status == "201" || status == "302" {
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
        // Routes that hand out credentials ask for some, too, but for those that only cause mail.
        "401" => {
            is_secured || hands_out_credentials(path) && !is_of(operation, RateClass::Mail) && !wants_nothing(operation)
        }
        // Pages of others must not have their visitors signed in.
        "403" => is_secured || has_header(operation, AUTH_MODE),
        "404" => path.contains('{') || has_body && is_secured || names_project(operation),
        "409" => method != Method::Get,
        "412" => has_header(operation, "If-Match"),
        // Where none is taken, one is read all the same, and refused if it says something.
        "408" | "413" => method != Method::Get,
        "415" => has_body,
        // What is put has to fit, also if the path says all of it. Where the deployment has no domain, it has no passkeys.
        "422" => has_body || takes_key || method == Method::Put || path.ends_with("/passkey/options"),
        // Browsers are sent back to their page instead.
        "429" => !is_of(operation, RateClass::Visit),
        _ => true,
    }
}

fn is_of(operation: &Operation, class: RateClass) -> bool {
    let treatment = operation.operation_id.as_deref().and_then(special_operations::of);
    treatment.is_some_and(|treatment| treatment.class == class)
}

/// Whether nothing is shown there that could be wrong: what a provider says of a browser is told to a page.
fn wants_nothing(operation: &Operation) -> bool {
    let id = operation.operation_id.as_deref();
    matches!(
        id,
        Some("list_sign_in_providers" | "start_oidc_sign_in" | "finish_oidc_sign_in" | "begin_passkey_sign_in")
    )
}

fn has_header(operation: &Operation, name: &str) -> bool {
    operation.parameters.iter().flatten().any(|parameter| match parameter {
        RefOr::T(parameter) => parameter.parameter_in == ParameterIn::Header && parameter.name == name,
        RefOr::Ref(_) => false,
    })
}

/// Whether its query names a project that has to exist; those of lists only narrow them.
fn names_project(operation: &Operation) -> bool {
    operation.operation_id.as_deref() == Some("get_own_permissions")
}

/// Whether what it answers a browser is for its cookies.
fn sets_cookies(operation: &Operation) -> bool {
    let id = operation.operation_id.as_deref();
    has_header(operation, AUTH_MODE)
        || matches!(
            id,
            Some(
                "get_csrf_token"
                    | "logout"
                    | "logout_all"
                    | "end_session"
                    | "delete_account"
                    | "start_oidc_sign_in"
                    | "finish_oidc_sign_in"
            )
        )
}

/// Whether the answer is a resource with a version: those have entity tags.
fn is_versioned(response: &Response, components: &Components) -> bool {
    response.content.values().any(|content| match content {
        RefOr::T(Content { schema: Some(schema), .. }) => has_version(schema, components),
        _ => false,
    })
}

fn has_version(schema: &RefOr<Schema>, components: &Components) -> bool {
    match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
            components.schemas.get(name).is_some_and(|schema| has_version(schema, components))
        }
        RefOr::T(Schema::Object(object)) => object.properties.contains_key("version"),
        RefOr::T(Schema::AllOf(all)) => all.items.iter().any(|schema| has_version(schema, components)),
        RefOr::T(_) => false,
    }
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::openapi_json;

    #[test]
    fn only_what_takes_credentials_finds_them_wrong() {
        let document: Value = serde_json::from_str(&openapi_json()).unwrap();
        let can = |method: &str, path: &str| document["paths"][path][method]["responses"]["401"].is_object();
        for (method, path) in [
            ("get", "/api/v1/auth/providers"),
            ("get", "/api/v1/auth/oidc/{provider}/start"),
            ("get", "/api/v1/auth/oidc/{provider}/callback"),
            ("post", "/api/v1/auth/passkey/options"),
            ("post", "/api/v1/auth/forgot-password"),
        ] {
            assert!(document["paths"][path][method].is_object(), "there is no {method} {path}");
            assert!(!can(method, path), "{method} {path}");
        }
        for (method, path) in [("post", "/api/v1/auth/oidc/token"), ("post", "/api/v1/auth/login")] {
            assert!(can(method, path), "{method} {path}");
        }
    }

    #[test]
    fn what_ends_a_session_has_browsers_forget_it() {
        let document: Value = serde_json::from_str(&openapi_json()).unwrap();
        for (method, path) in [("post", "/api/v1/auth/logout"), ("delete", "/api/v1/users/me")] {
            let answer = &document["paths"][path][method]["responses"]["204"];
            assert!(answer["headers"]["Set-Cookie"].is_object(), "{method} {path}");
        }
    }

    #[test]
    fn names_that_programs_compare_are_enumerated() {
        let document: Value = serde_json::from_str(&openapi_json()).unwrap();
        let schemas = &document["components"]["schemas"];
        let methods = &schemas["Problem"]["properties"]["methods"]["items"]["$ref"];
        assert_eq!(methods, "#/components/schemas/MfaMethod");
        assert_eq!(schemas["MfaMethod"]["enum"].as_array().map(Vec::len), Some(3));
        let granted = &schemas["PermissionDescription"]["properties"]["granted_by"]["items"]["$ref"];
        assert_eq!(granted, "#/components/schemas/SystemRole");
    }
}
