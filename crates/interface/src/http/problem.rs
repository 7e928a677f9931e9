//! Errors as clients see them: RFC 9457 problem details. The one place where an [`AppError`] becomes an answer.
//!
//! `type` is `urn:tenon:problem:` followed by `code`: stable, and nothing to fetch.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::Serialize;
use tenon_application::identity::MfaToken;
use tenon_application::{AppError, Denial};
use tenon_domain::access::Scope;
use tenon_domain::identity::MfaMethod;
use tenon_domain::{Violation, ViolationKind};
use utoipa::ToSchema;

use super::admission::was_refused;
use super::context::RequestContext;
use super::layers::{Answered, Next};
use super::problem_codes::ProblemCode;
use super::rate_limit::whole_seconds;
use super::wire::wire_enum;

pub(crate) const MEDIA_TYPE: &str = "application/problem+json";
const TYPE_PREFIX: &str = "urn:tenon:problem:";

/// The code of a change that lost to others, and may win when it is tried again.
const CONTENDED: &str = "version.contended";

/// The code of a request that something did not answer.
const UNAVAILABLE: &str = "unavailable";

/// Seconds after which a client may try again when a dependency is away.
const RETRY_AFTER: u64 = 2;

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[schema(as = ProblemError)]
pub(crate) struct FieldError {
    /// JSON pointer to the field of the body, or `/` and the name of the query parameter.
    #[schema(example = "/title")]
    pub(crate) pointer: String,
    #[schema(value_type = ProblemCode)]
    pub(crate) code: Cow<'static, str>,
    #[schema(example = "a title has 1 to 200 characters")]
    pub(crate) message: String,
}

/// An error that becomes problem+json. Boxed, because it travels in the results of every handler.
#[derive(Debug)]
pub(crate) struct Problem(Box<Details>);

#[derive(Debug)]
struct Details {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: String,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    mfa_token: Option<MfaToken>,
    /// What is logged and never sent.
    cause: Option<String>,
}

wire_enum! {
    /// How a second factor is shown.
    MfaMethodName, "MfaMethod", MfaMethod
}

/// A problem as it is sent (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// Identifies the kind of problem: `urn:tenon:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(value_type = String, format = "uri", example = "urn:tenon:problem:task.title_length")]
    kind: String,
    /// What the status is called.
    #[schema(example = "Unprocessable Entity")]
    title: &'static str,
    #[schema(minimum = 400, maximum = 599, example = 422)]
    status: u16,
    /// What went wrong this time, for people.
    #[schema(example = "a title has 1 to 200 characters")]
    detail: String,
    /// The path that was asked for.
    #[schema(example = "/api/v1/tasks")]
    instance: String,
    #[schema(value_type = ProblemCode)]
    code: String,
    /// Name it when asking for help: every log line of the request carries it.
    #[schema(example = "0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66")]
    request_id: String,
    /// All fields at fault, where the problem lies in the input.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
    /// With `mfa_required`: what `POST /auth/mfa/verify` takes together with a code or a passkey.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "tenon_mfa_0199f8a26c1e7d3a9b542f0c8e1d7a66_Zm9yIGV4")]
    mfa_token: Option<String>,
    /// With `mfa_required`: what it takes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["totp", "recovery_code"]))]
    methods: Vec<MfaMethodName>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self(Box::new(Details {
            status,
            code: code.into(),
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
            mfa_token: None,
            cause: None,
        }))
    }

    pub(crate) fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// Input that is refused field by field. Of a single failure the problem has the code, too.
    pub(crate) fn fields(status: StatusCode, code: &'static str, mut errors: Vec<FieldError>) -> Self {
        errors.sort();
        errors.dedup();
        let code = if let [only] = errors.as_slice() { only.code.clone() } else { Cow::from(code) };
        Self::new(status, code, detail_of(&errors)).with_errors(errors)
    }

    pub(crate) fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    #[cfg(test)]
    pub(crate) fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    #[cfg(test)]
    pub(crate) fn code(&self) -> &str {
        &self.0.code
    }

    pub(crate) fn not_found(resource: &str) -> Self {
        let detail = format!("There is no such {}.", resource.replace('_', " "));
        Self::new(StatusCode::NOT_FOUND, format!("{resource}.not_found"), detail)
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// For a body that calls a field of the domain by another name.
    pub(crate) fn renaming(mut self, field: &str, name: &str) -> Self {
        for error in &mut self.0.errors {
            if error.pointer.strip_prefix('/') == Some(field) {
                error.pointer = format!("/{name}");
            }
        }
        self
    }

    fn with_cause(mut self, cause: String) -> Self {
        self.0.cause = Some(cause);
        self
    }

    fn internal(cause: String) -> Self {
        let detail = "Something went wrong here. It is logged under the request id.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail).with_cause(cause)
    }

    /// There were too many of something: the next may be made after so long.
    pub(crate) fn too_many(code: &'static str, detail: impl Into<String>, retry_after: Duration) -> Self {
        let seconds = whole_seconds(retry_after).max(1);
        Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    fn unavailable(cause: String, retry_after: u64) -> Self {
        let detail = "Something Tenon depends on is away for the moment: try again.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from(retry_after))
            .with_cause(cause)
    }

    fn unauthenticated(denial: Denial) -> Self {
        let challenge = match denial {
            Denial::InvalidToken | Denial::ExpiredToken | Denial::EndedSession => {
                r#"Bearer realm="tenon", error="invalid_token""#
            }
            _ => r#"Bearer realm="tenon""#,
        };
        Self::new(StatusCode::UNAUTHORIZED, denial.code(), denial.detail())
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    }

    /// A sign-in that goes on with a code of the second factor.
    fn mfa_required(detail: String, token: MfaToken) -> Self {
        let mut problem = Self::new(StatusCode::UNAUTHORIZED, "mfa_required", detail)
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="tenon""#));
        problem.0.mfa_token = Some(token);
        problem
    }

    /// A token that is not good for it (RFC 6750, 3.1).
    fn insufficient_scope(scope: Scope, detail: String) -> Self {
        let problem = Self::new(StatusCode::FORBIDDEN, "auth.insufficient_scope", detail);
        let challenge = format!(r#"Bearer realm="tenon", error="insufficient_scope", scope="{scope}""#);
        match HeaderValue::try_from(challenge) {
            Ok(challenge) => problem.with_header(header::WWW_AUTHENTICATE, challenge),
            Err(_) => problem,
        }
    }

    fn violations(violations: &[Violation]) -> Self {
        let is_rule = |violation: &&Violation| violation.kind() == ViolationKind::Rule;
        let rule = violations.iter().find(is_rule);
        let status = if rule.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::CONFLICT };
        let errors: Vec<_> = violations.iter().filter_map(FieldError::of).collect();
        match violations {
            [only] => Self::new(status, only.code(), only.to_string()).with_errors(errors),
            _ => Self::fields(status, "validation.failed", errors),
        }
    }

    /// What an error status that is nobody's problem yet means.
    fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::new(status, "route.not_found", "There is nothing at this address."),
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(status, "body.too_large", "The body is too large."),
            StatusCode::INTERNAL_SERVER_ERROR => Self::internal("an error without a cause".to_owned()),
            _ => {
                let title = status.canonical_reason().unwrap_or("error");
                Self::new(status, "request.refused", format!("The request was refused: {title}."))
            }
        }
    }

    /// The answer to this request.
    fn render(&self, request: &HttpRequest) -> HttpResponse {
        let Details { status, code, detail, errors, headers, mfa_token, cause } = self.0.as_ref();
        let request_id = RequestContext::of(request).map(|context| context.request_id.clone()).unwrap_or_default();
        if status.is_server_error() && !was_refused(request) {
            let (code, cause) = (code.as_ref(), cause.as_deref());
            tracing::error!(request_id, code, cause, path = request.path(), "a request failed");
        }
        let mut detail = detail.clone();
        if *status == StatusCode::SERVICE_UNAVAILABLE && code == UNAVAILABLE && !request.method().is_safe() {
            detail.push_str(
                " Whether this was carried out is not known: with the same Idempotency-Key it is not done twice.",
            );
        }
        let body = ProblemBody {
            kind: format!("{TYPE_PREFIX}{code}"),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail,
            instance: request.path().to_owned(),
            code: code.to_string(),
            request_id,
            errors: errors.clone(),
            mfa_token: mfa_token.as_ref().map(|token| token.expose().to_owned()),
            methods: mfa_token.iter().flat_map(MfaToken::methods).copied().map(MfaMethodName).collect(),
        };
        let mut answer = HttpResponse::build(*status);
        for (name, value) in headers {
            answer.insert_header((name, value.clone()));
        }
        answer.content_type(MEDIA_TYPE).body(serde_json::to_vec(&body).unwrap_or_default())
    }
}

impl FieldError {
    pub(crate) fn new(field: &str, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { pointer: format!("/{field}"), code: code.into(), message: message.into() }
    }

    fn of(violation: &Violation) -> Option<Self> {
        violation.field().map(|field| Self::new(field, violation.code(), violation.to_string()))
    }
}

/// For people: the one fault, or how many there are.
pub(crate) fn detail_of(errors: &[FieldError]) -> String {
    match errors {
        [only] => only.message.clone(),
        several => format!("{} fields are not as they must be: see `errors`", several.len()),
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let text = error.to_string();
        match error {
            AppError::Violations(violations) => Self::violations(&violations),
            AppError::NotFound(resource) => Self::not_found(resource),
            AppError::Forbidden(_) => Self::new(StatusCode::FORBIDDEN, "permission.denied", text),
            AppError::InsufficientScope(scope) => Self::insufficient_scope(scope, text),
            AppError::SessionRequired => Self::new(StatusCode::FORBIDDEN, "auth.session_required", text),
            AppError::ManagedByOthers => Self::new(StatusCode::FORBIDDEN, "service_account.managed_by_others", text),
            AppError::Unauthenticated(denial) => Self::unauthenticated(denial),
            AppError::TooManyAttempts { retry_after } => Self::too_many("auth.too_many_attempts", text, retry_after),
            AppError::SignInLocked { retry_after } => Self::too_many("auth.sign_in_locked", text, retry_after),
            AppError::MfaRequired(token) => Self::mfa_required(text, token),
            AppError::PasskeysUnavailable => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "auth.passkeys_unavailable", text)
            }
            AppError::MfaEnrollmentRequired => Self::new(StatusCode::FORBIDDEN, "auth.mfa_enrollment_required", text),
            AppError::OnlyOwner { .. } => Self::new(StatusCode::CONFLICT, "identity.last_owner", text),
            AppError::Suspended => Self::new(StatusCode::FORBIDDEN, "auth.suspended", text),
            AppError::Deactivated => Self::new(StatusCode::FORBIDDEN, "auth.deactivated", text),
            AppError::DomainUnproved { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "domain.record_missing", text)
            }
            AppError::LookupsUnderWay => {
                Self::too_many("domain.lookups_under_way", text, Duration::from_secs(RETRY_AFTER))
            }
            AppError::PreconditionFailed => Self::new(StatusCode::PRECONDITION_FAILED, "version.stale", text),
            AppError::Stale => Self::new(StatusCode::CONFLICT, CONTENDED, text),
            AppError::Unavailable(cause) => Self::unavailable(cause, RETRY_AFTER),
            AppError::UnavailableFor { cause, retry_after } => {
                Self::unavailable(cause, whole_seconds(retry_after).max(1))
            }
            AppError::Internal(cause) => Self::internal(cause),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    /// Without a body: [`render`] writes it, because it needs the request.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.0.status)
    }
}

/// Gives every error its problem+json, also those of the framework: no HTML, no empty bodies.
pub(crate) async fn render(request: ServiceRequest, next: impl Next) -> Answered {
    Ok(rendered(next(request).await?))
}

/// Whether the answer says that others changed the same thing at the same time.
pub(crate) fn is_contention(answer: &ServiceResponse<BoxBody>) -> bool {
    is_one_of(answer, &[CONTENDED])
}

/// Whether the answer is a problem with one of these codes.
pub(crate) fn is_one_of(answer: &ServiceResponse<BoxBody>, codes: &[&str]) -> bool {
    let problem = answer.response().error().and_then(|error| error.as_error::<Problem>());
    problem.is_some_and(|problem| codes.contains(&problem.0.code.as_ref()))
}

/// The answer as it is sent: an error that has no body yet gets its problem+json.
pub(crate) fn rendered(answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() {
        return answer;
    }
    let (request, answer) = answer.into_parts();
    let headers = answer.headers().clone();
    let mut rendered = match answer.error() {
        Some(error) => match error.as_error::<Problem>() {
            Some(problem) => problem.render(&request),
            None if status.is_server_error() => Problem::internal(error.to_string()).render(&request),
            None => Problem::of_status(status).render(&request),
        },
        None if answer.headers().contains_key(header::CONTENT_TYPE) => answer,
        None => Problem::of_status(status).render(&request),
    };
    // What inner layers said about the answer, such as rate limits, stays said.
    for (name, value) in headers {
        if !rendered.headers().contains_key(&name) && name != header::CONTENT_LENGTH {
            rendered.headers_mut().insert(name, value);
        }
    }
    ServiceResponse::new(request, rendered)
}
