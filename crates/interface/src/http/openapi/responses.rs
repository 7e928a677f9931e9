//! The problems that operations can answer, and the headers of answers.

use actix_web::http::StatusCode;
use serde_json::json;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Components, ContentBuilder, Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::super::problem::{FieldError, MEDIA_TYPE, MfaMethodName, ProblemBody};
use super::super::problem_codes::ProblemCode;

/// A problem that operations have in common: its status, the name of its component, an example and the headers that
/// come with it.
pub(super) struct Common {
    pub(super) status: &'static str,
    pub(super) name: &'static str,
    description: &'static str,
    code: &'static str,
    detail: &'static str,
    /// Its name, when it comes, and an example.
    header: Option<(&'static str, &'static str, &'static str)>,
}

const fn common(
    status: &'static str,
    name: &'static str,
    description: &'static str,
    example: [&'static str; 2],
) -> Common {
    Common { status, name, description, code: example[0], detail: example[1], header: None }
}

const fn with_header(
    problem: Common,
    header: &'static str,
    description: &'static str,
    example: &'static str,
) -> Common {
    Common { header: Some((header, description, example)), ..problem }
}

pub(super) const COMMON: &[Common] = &[
    common("400", "BadRequest", "The request is malformed", ["body.invalid", "`title` is missing"]),
    with_header(
        common(
            "401",
            "Unauthorized",
            "There are no valid credentials",
            ["auth.missing_token", "Send an access token: Authorization: Bearer <token>."],
        ),
        "WWW-Authenticate",
        "How to send credentials (RFC 6750), and whether those that came were invalid",
        "Bearer realm=\"tenon\"",
    ),
    with_header(
        common(
            "403",
            "Forbidden",
            "You may see it but not do this, or not with this token",
            ["permission.denied", "this needs the permission task.edit"],
        ),
        "WWW-Authenticate",
        "Only with `auth.insufficient_scope`: the scope that the token lacks (RFC 6750)",
        "Bearer realm=\"tenon\", error=\"insufficient_scope\", scope=\"tasks:write\"",
    ),
    common("404", "NotFound", "It does not exist for you", ["task.not_found", "There is no such task."]),
    common("408", "RequestTimeout", "The body took too long", ["body.timeout", "The body took too long to arrive."]),
    common(
        "409",
        "Conflict",
        "The present state does not allow it",
        ["project.key_taken", "another project of the organization has this key"],
    ),
    common(
        "412",
        "PreconditionFailed",
        "`If-Match` is out of date",
        ["version.stale", "it has changed since: read it again"],
    ),
    common("413", "ContentTooLarge", "The body is too large", ["body.too_large", "A body has at most 1048576 bytes."]),
    common(
        "415",
        "UnsupportedMediaType",
        "The body is not JSON",
        ["body.unsupported_media_type", "Send the body as application/json: set Content-Type."],
    ),
    common("422", "UnprocessableContent", "A rule is broken", ["task.title_length", "a title has 1 to 200 characters"]),
    with_header(
        common(
            "429",
            "TooManyRequests",
            "There were too many requests",
            ["rate_limited", "Too many requests: try again in 7 s."],
        ),
        "Retry-After",
        "After how many seconds to try again",
        "7",
    ),
    common(
        "500",
        "InternalServerError",
        "Something went wrong here",
        ["internal", "Something went wrong here. It is logged under the request id."],
    ),
    with_header(
        common(
            "503",
            "ServiceUnavailable",
            "A dependency is away (`unavailable`), or there are more requests than can be served (`overloaded`)",
            ["unavailable", "Something Tenon depends on is away for the moment: try again."],
        ),
        "Retry-After",
        "After how many seconds to try again",
        "2",
    ),
];

/// The headers of every answer of the API.
const EVERYWHERE: &[(&str, &str, &str)] = &[
    ("X-Request-Id", "Identifies the request in logs", "0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66"),
    ("RateLimit", "What is left of the quota, and for how many seconds it counts", "\"read\";r=5999;t=60"),
    ("RateLimit-Policy", "The quota and its window in seconds", "\"read\";q=6000;w=60"),
];

pub(super) fn add_to(components: &mut Components) {
    let schemas = [
        (ProblemBody::name(), ProblemBody::schema()),
        (FieldError::name(), FieldError::schema()),
        (MfaMethodName::name(), MfaMethodName::schema()),
        (ProblemCode::name(), ProblemCode::schema()),
    ];
    components.schemas.extend(schemas.map(|(name, schema)| (name.into_owned(), schema)));
    let responses = COMMON.iter().map(|problem| (problem.name.to_owned(), RefOr::T(problem.response())));
    components.responses.extend(responses);
    for (name, description, example) in EVERYWHERE {
        components.headers.insert((*name).to_owned(), RefOr::T(header(description, example)));
    }
    let specific = [
        ("ETag", "Identifies the version of the resource", "\"0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66.3\""),
        ("Location", "Where the new resource is", "/api/v1/tasks/0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66"),
        (
            "Set-Cookie",
            "The tokens as cookies for `X-Auth-Mode: cookie`, the CSRF token, or nothing in their place after signing out",
            "__Host-tenon_access=token; Path=/; Max-Age=900; Secure; SameSite=Lax; HttpOnly",
        ),
        ("Idempotent-Replayed", "`true` when this is the answer to an earlier request with the same key", "true"),
    ];
    for (name, description, example) in specific {
        components.headers.insert(name.to_owned(), RefOr::T(header(description, example)));
    }
}

pub(super) fn header_ref(name: &str) -> RefOr<Header> {
    RefOr::Ref(Ref::new(format!("#/components/headers/{name}")))
}

/// Adds the headers that every answer has.
pub(super) fn add_common_headers(response: &mut Response) {
    for (name, ..) in EVERYWHERE {
        response.headers.insert((*name).to_owned(), header_ref(name));
    }
}

fn header(description: &str, example: &str) -> Header {
    HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).examples([example])))
        .description(Some(description))
        .build()
}

impl Common {
    fn response(&self) -> Response {
        let status = self.status.parse::<StatusCode>().unwrap_or_default();
        let mut example = json!({
            "type": format!("urn:tenon:problem:{}", self.code),
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": self.detail,
            "instance": "/api/v1/tasks",
            "code": self.code,
            "request_id": "0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66",
        });
        let field_code = match self.status {
            "400" => Some("body.missing_field"),
            "422" => Some(self.code),
            _ => None,
        };
        if let Some(code) = field_code {
            example["errors"] = json!([{ "pointer": "/title", "code": code, "message": self.detail }]);
        }
        let schema = RefOr::<utoipa::openapi::Schema>::Ref(Ref::from_schema_name(ProblemBody::name()));
        let content = ContentBuilder::new().schema(Some(schema)).example(Some(example)).build();
        let mut response = ResponseBuilder::new().description(self.description).content(MEDIA_TYPE, content).build();
        add_common_headers(&mut response);
        if let Some((name, description, example)) = self.header {
            response.headers.insert(name.to_owned(), RefOr::T(header(description, example)));
        }
        response
    }
}
