//! The OpenAPI document: what the handlers declare, completed with what all operations have in common.

mod operation;
mod patterns;
mod responses;
mod schema_tree;
mod token_access;

use std::sync::OnceLock;

use actix_web::App;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder, get};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, InfoBuilder, License, OpenApi, Server};
use utoipa_actix_web::{AppExt, scope};

use super::{BASE_PATH, cookies, endpoints, health, verification_keys};

/// The name of the security scheme of people who are signed in.
const BEARER: &str = "access_token";
/// The name of that of their browsers.
const COOKIE: &str = "access_cookie";
/// The name of that of programs. What an operation asks of their tokens are the scopes of its requirement.
const PERSONAL: &str = "personal_access_token";

/// An expression of SPDX.
const LICENSE: &str = "MIT OR Apache-2.0";

const DESCRIPTION: &str = "Work management: organizations, projects and tasks.

Sign in with `POST /api/v1/auth/login` and send the access token as `Authorization: Bearer <token>`. The token names \
the organization that every request acts in.

Pages had better keep their tokens where no script finds them. With `X-Auth-Mode: cookie`, whatever answers tokens sets \
them as cookies instead (`__Host-tenon_access`, `__Host-tenon_refresh`), and `POST /api/v1/auth/refresh` takes its own from \
there. Requests with these cookies that are not GET or HEAD need the token of `GET /api/v1/auth/csrf` as `X-CSRF-Token` \
(403 `auth.csrf_missing`, `auth.csrf_invalid`), and come from a page of the deployment, if their `Origin` tells (403 \
`auth.foreign_origin`). A token and a cookie together, or two different ones of either, are 400 \
`auth.mixed_credentials`.

People who have an identity provider (OpenID Connect) sign in by that: `GET /api/v1/auth/providers` says by which, and \
`GET /api/v1/auth/oidc/{provider}/start` sends the browser there. It comes back to the page with a code that is good for a \
minute, in that browser, for `POST /api/v1/auth/oidc/token`.

Programs send a personal access token (`tenon_pat_…`) in the same way: people make them with `POST \
/api/v1/users/me/tokens`, and for service accounts with `POST /api/v1/service-accounts/{service_account}/tokens`. A token \
acts in one organization, and has scopes such as `tasks:read`: each operation names the one it needs. Where it names none, \
the answer to a token is 403 `auth.session_required`; for a missing scope it is 403 `auth.insufficient_scope`. Where \
an organization requires second factors, the answer to who has none is 403 `auth.mfa_enrollment_required`, but for what \
concerns their own account.

Errors are `application/problem+json` (RFC 9457) with a stable `code`: the schema `ProblemCode` lists them all, and what \
they mean. Lists are paged with `limit` and `cursor`. \
Resources with a `version` have an `ETag`: send it as `If-Match` when you change them. A body where none is documented is \
refused unless it is empty or `{}`. Any POST that is signed in may \
carry an `Idempotency-Key`: when it is sent again within 24 hours, the first outcome is replayed with \
`Idempotent-Replayed: true`, to the same session or token, as long as what that may do or see is the same (else 409 \
`idempotency.caller_changed`). Requests that never started (invalid, not permitted, too many) are not kept. Routes that hand out credentials refuse keys.";

const TAGS: &[(&str, &str)] = &[
    ("auth", "Registering, signing in and out"),
    ("users", "One's own account"),
    ("tokens", "Personal access tokens: what programs sign in with"),
    ("service-accounts", "Members that are programs"),
    ("organizations", "Organizations, their custom roles, and what these permit"),
    ("identity-providers", "Servers that vouch for the people of an organization (OpenID Connect)"),
    ("members", "Who belongs to the organization, and with which role"),
    ("teams", "Members that are added to projects together"),
    ("invitations", "Inviting people into the organization"),
    ("domains", "Domains of the organization, and joining by an address there"),
    ("projects", "Projects and who works in them"),
    ("tasks", "Tasks"),
    ("notifications", "What happened that concerns you"),
    ("audit", "Who did what, when and from where"),
    ("operations", "Health, metrics and public keys"),
];

/// The whole document. It needs no server.
pub fn openapi() -> OpenApi {
    static DOCUMENT: OnceLock<OpenApi> = OnceLock::new();
    DOCUMENT.get_or_init(build).clone()
}

/// The document as it is served and committed: pretty, in a stable order.
pub fn openapi_json() -> String {
    // Writing a document to memory cannot fail; an empty one would fail the drift check.
    let mut json = openapi().to_pretty_json().unwrap_or_default();
    json.push('\n');
    json
}

fn build() -> OpenApi {
    let (_, mut document) = App::new()
        .into_utoipa_app()
        .service(scope(BASE_PATH).configure(endpoints))
        .configure(health::configure)
        .configure(verification_keys::configure)
        .split_for_parts();
    let mut license = License::new(LICENSE);
    license.identifier = Some(LICENSE.to_owned());
    document.info = InfoBuilder::new()
        .title("Tenon")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(license))
        .build();
    document.servers = Some(vec![Server::new("/")]);
    let tags = TAGS.iter().map(|(name, text)| TagBuilder::new().name(*name).description(Some(*text)).build());
    document.tags = Some(tags.collect());
    let mut components = document.components.take().unwrap_or_else(Components::new);
    let description = "The `access_token` of the last sign-in or refresh; good for 15 minutes. Where other issuers are \
                       configured, theirs are taken like personal access tokens.";
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").description(Some(description));
    components.add_security_scheme(BEARER, SecurityScheme::Http(scheme.build()));
    let description = "The same for pages, set by signing in with `X-Auth-Mode: cookie`. Goes with `X-CSRF-Token`.";
    let scheme = ApiKey::Cookie(ApiKeyValue::with_description(cookies::ACCESS, description));
    components.add_security_scheme(COOKIE, SecurityScheme::ApiKey(scheme));
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("tenon_pat_[0-9A-Za-z]{72}")
        .description(Some("A personal access token with the scope that the operation names, or one that includes it."));
    components.add_security_scheme(PERSONAL, SecurityScheme::Http(scheme.build()));
    responses::add_to(&mut components);
    for schema in components.schemas.values_mut() {
        schema_tree::visit(schema, patterns::resolve);
        schema_tree::visit(schema, schema_tree::drop_null_default);
    }
    schema_tree::refer_to_items(&mut components);
    for (path, item) in &mut document.paths.paths {
        if path.starts_with(BASE_PATH) {
            operation::complete(path, item, &components);
        }
    }
    document.components = Some(components);
    document
}

/// The rendered document.
pub(crate) struct RenderedDocument(String);

impl RenderedDocument {
    pub(crate) fn new() -> Self {
        Self(openapi_json())
    }
}

/// Where the document is found.
pub(crate) const DOCUMENT_PATH: &str = "/api/v1/openapi.json";

#[get("/api/v1/openapi.json")]
pub(crate) async fn serve(document: Data<RenderedDocument>) -> impl Responder {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(document.0.clone())
}

/// `/docs` is a page, and pages end with a slash.
#[get("/docs")]
pub(crate) async fn docs(_: HttpRequest) -> impl Responder {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operations(document: &serde_json::Value) -> Vec<(String, serde_json::Value)> {
        let paths = document["paths"].as_object().unwrap();
        let each = paths.iter().flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(move |(method, op)| (format!("{method} {path}"), op.clone()))
        });
        each.collect()
    }

    #[test]
    fn every_operation_is_complete() {
        let document: serde_json::Value = serde_json::from_str(&openapi_json()).unwrap();
        let mut ids = std::collections::HashSet::new();
        for (name, operation) in operations(&document) {
            let id = operation["operationId"].as_str().unwrap_or_default();
            assert!(ids.insert(id.to_owned()) && !id.is_empty(), "{name} needs an operationId of its own");
            assert!(operation["tags"].as_array().is_some_and(|tags| tags.len() == 1), "{name} needs one tag");
            let tag = operation["tags"][0].as_str().unwrap();
            assert!(TAGS.iter().any(|(known, _)| *known == tag), "{name} has the unknown tag {tag}");
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name} needs a summary");
            assert!(operation["security"].is_array(), "{name} needs to say who may call it");
            if name.contains(BASE_PATH) {
                for status in ["400", "500", "503"] {
                    assert!(operation["responses"][status].is_object(), "{name} does not document {status}");
                }
                let is_visit = ["start_oidc_sign_in", "finish_oidc_sign_in"].contains(&id);
                assert_ne!(operation["responses"]["429"].is_object(), is_visit, "{name}: limits send browsers back");
            }
        }
        assert!(ids.contains("create_task"));
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let text = openapi_json();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        for reference in text.split("\"$ref\": \"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }

    /// What is in a document, with where it is.
    fn all_within(at: String, value: &serde_json::Value, found: &mut Vec<(String, serde_json::Value)>) {
        match value {
            serde_json::Value::Object(members) => {
                members.iter().for_each(|(name, member)| all_within(format!("{at}/{name}"), member, found));
            }
            serde_json::Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, item)| all_within(format!("{at}/{index}"), item, found));
            }
            _ => {}
        }
        found.push((at, value.clone()));
    }

    /// Generators make what has a default required, and an absent field of a merge patch is none that is cleared. What
    /// absent fields mean is in their descriptions.
    #[test]
    fn fields_of_bodies_have_no_defaults() {
        let document: serde_json::Value = serde_json::from_str(&openapi_json()).unwrap();
        let mut found = Vec::new();
        all_within(String::new(), &document["components"]["schemas"], &mut found);
        let defaults: Vec<_> = found.iter().filter(|(at, _)| at.ends_with("/default")).map(|(at, _)| at).collect();
        assert_eq!(defaults, Vec::<&String>::new());
    }

    #[test]
    fn everything_is_used_and_described() {
        let text = openapi_json();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            let reference = format!("\"#/components/schemas/{name}\"");
            assert!(text.contains(&reference), "{name} is not used");
            assert!(schema["description"].is_string(), "{name} has no description");
        }
        for (name, operation) in operations(&document) {
            assert!(operation["description"].is_string(), "{name} has no description");
        }
    }

    #[test]
    fn lists_refer_to_what_they_are_of() {
        let document: serde_json::Value = serde_json::from_str(&openapi_json()).unwrap();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let lists: Vec<_> = schemas.iter().filter(|(name, _)| name.starts_with("ListBody_")).collect();
        assert!(!lists.is_empty());
        for (name, list) in lists {
            assert!(list["properties"]["data"]["items"]["$ref"].is_string(), "{name}");
        }
    }

    #[test]
    fn bodies_refuse_unknown_fields_and_every_schema_has_an_example() {
        let document: serde_json::Value = serde_json::from_str(&openapi_json()).unwrap();
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            if name.ends_with("Body") {
                assert_eq!(schema["additionalProperties"], serde_json::json!(false), "{name}");
            }
            let text = schema.to_string();
            assert!(text.contains("\"example\"") || text.contains("\"examples\""), "{name} has no example");
        }
    }
}
