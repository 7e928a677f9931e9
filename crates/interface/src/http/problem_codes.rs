//! Every code that a problem can have, with its status and what it means: what clients can rely on, and what the document
//! and `docs/errors.md` list. The end-to-end tests fail for a code that is answered and not here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use tenon_application::Denial;
use tenon_application::identity::SignInRefusal;
use tenon_domain::{Violation, ViolationKind};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A code. Its schema is that of all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProblemCode {
    pub(crate) status: u16,
    /// What it means, or what to do.
    pub(crate) meaning: Cow<'static, str>,
}

/// Those that say that something does not exist: `<resource>.not_found`.
const RESOURCES: &[&str] = &[
    "domain",
    "identity",
    "identity_provider",
    "invitation",
    "member",
    "notification",
    "organization",
    "passkey",
    "project",
    "role",
    "service_account",
    "session",
    "task",
    "team",
    "token",
    "user",
];

/// Those that are about requests rather than about rules of the domain.
const REQUESTS: &[(&str, u16, &str)] = &[
    ("auth.csrf_invalid", 403, "X-CSRF-Token is not that of the cookie or of the session: ask GET /auth/csrf for one"),
    ("auth.csrf_missing", 403, "with cookies, send the token of GET /auth/csrf as X-CSRF-Token"),
    ("auth.deactivated", 403, "the operator of the deployment has deactivated the account"),
    ("auth.foreign_origin", 403, "pages of this origin may not use the cookies"),
    ("auth.foreign_page", 400, "`return_to` is no page that may use the API"),
    ("auth.insufficient_scope", 403, "the token lacks the scope that WWW-Authenticate names"),
    ("auth.mfa_enrollment_required", 403, "the organization requires a second factor: set one up first"),
    ("auth.mixed_credentials", 400, "there are several tokens or cookies to sign in with: send one of them"),
    ("auth.page_too_long", 400, "`return_to` is longer than a browser can keep meanwhile"),
    ("auth.passkeys_unavailable", 422, "passkeys need a domain, and this deployment has none"),
    ("auth.session_required", 403, "no other token is good for this: sign in"),
    ("auth.sign_in_locked", 429, "too many sign-ins to this account failed: open the link that was mailed, or wait"),
    ("auth.suspended", 403, "you are suspended in every organization you belong to: ask one of its owners"),
    ("auth.too_many_attempts", 429, "too many attempts failed: wait for as long as Retry-After says"),
    ("auth.unknown_mode", 400, "X-Auth-Mode is `cookie`, or left out"),
    ("body.incomplete", 400, "the body could not be read to its end"),
    (
        "body.invalid",
        400,
        "the body is JSON, and no object with the fields it must have: `errors` names those at fault",
    ),
    ("body.invalid_value", 400, "in `errors`: the field has the right type, and a value that it cannot have"),
    ("body.malformed", 400, "the body is not JSON"),
    ("body.missing_field", 400, "in `errors`: the field is required"),
    ("body.repeated_field", 400, "in `errors`: the field is given more than once"),
    ("body.timeout", 408, "the body took too long to arrive"),
    ("body.too_large", 413, "the body is larger than what the deployment takes"),
    ("body.unknown_field", 400, "in `errors`: the body has no such field"),
    ("body.unsupported_encoding", 415, "send the body as it is, without Content-Encoding"),
    ("body.unsupported_media_type", 415, "send the body as application/json: set Content-Type"),
    ("body.wrong_type", 400, "in `errors`: the field holds another type of value"),
    ("cursor.invalid", 400, "the cursor was not made for this list, order and filter: begin without one"),
    (
        "domain.lookups_under_way",
        429,
        "domains of the organization, or of yours elsewhere, are being looked up: wait for that",
    ),
    ("domain.record_missing", 422, "the TXT record that would prove the domain is not there"),
    ("idempotency.answer_lost", 409, "it was carried out with this key, and the answer was lost: look at its result"),
    (
        "idempotency.caller_changed",
        409,
        "this key was used with another credential, or what you may do or see has changed since: look at what came of \
         it, or take a new key",
    ),
    ("idempotency.in_progress", 409, "another request with this key is still running"),
    ("idempotency.key_malformed", 400, "Idempotency-Key is 1 to 255 visible ASCII characters"),
    ("idempotency.key_reused", 422, "this key was used for another request: take a new one"),
    ("idempotency.not_supported", 400, "nothing is kept of requests about credentials: send it without the key"),
    ("identity.last_owner", 409, "organizations would be left without an owner: make somebody else one first"),
    ("internal", 500, "something went wrong in the server, where it is logged under the request id"),
    ("method.not_allowed", 405, "this address takes the methods that Allow names"),
    ("mfa_required", 401, "the sign-in goes on with the second factor: see `mfa_token` and `methods`"),
    ("overloaded", 503, "there are more requests than can be served: try again after Retry-After"),
    ("permission.denied", 403, "this needs a permission that you do not have here"),
    ("query.invalid", 400, "the query does not fit: see `errors`"),
    ("query.repeated", 400, "a parameter that can be given once is given more often"),
    ("query.too_many", 400, "a parameter is repeated too often"),
    ("query.unknown", 400, "the operation has no such parameter"),
    ("rate_limited", 429, "there were too many requests: wait for as long as Retry-After says"),
    (
        "request.refused",
        400,
        "the request was refused before it was looked at: `status` says why, and may be another one",
    ),
    ("route.not_found", 404, "there is nothing at this address"),
    (
        "service_account.managed_by_others",
        403,
        "a service account does not rename itself: that is for who manages members",
    ),
    ("unavailable", 503, "something the server depends on is away: try again after Retry-After"),
    ("validation.failed", 422, "several fields break rules: see `errors`"),
    ("version.contended", 409, "others are changing it at the same time: try again"),
    ("version.stale", 412, "it has changed since you read it: read it again"),
];

/// All of them, by their codes.
pub(crate) fn all() -> BTreeMap<Cow<'static, str>, ProblemCode> {
    let requests = REQUESTS.iter().map(|(code, status, meaning)| entry(*code, *status, *meaning));
    let denials = Denial::ALL.iter().map(|denial| entry(denial.code(), 401, sentence(denial.detail())));
    let rules = Violation::all().map(|rule| entry(rule.code(), status_of(rule.kind()), rule.to_string()));
    let absences = RESOURCES.iter().map(|resource| {
        let meaning = format!("there is no such {}, or none that you may know of", resource.replace('_', " "));
        entry(format!("{resource}.not_found"), 404, meaning)
    });
    requests.chain(denials).chain(rules).chain(absences).collect()
}

fn entry(
    code: impl Into<Cow<'static, str>>,
    status: u16,
    meaning: impl Into<Cow<'static, str>>,
) -> (Cow<'static, str>, ProblemCode) {
    (code.into(), ProblemCode { status, meaning: meaning.into() })
}

/// As the others are: it begins small, and ends without a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.trim_end_matches('.').chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

const fn status_of(kind: ViolationKind) -> u16 {
    match kind {
        ViolationKind::Rule => 422,
        ViolationKind::Conflict => 409,
    }
}

/// The table of `docs/errors.md`.
pub fn problem_codes_markdown() -> String {
    let mut text = "\
# Codes of problems

Every error is `application/problem+json` with a `code` that stays what it is; later versions add others. What is said here
is in the OpenAPI document, too, as `x-codes` of the schema `ProblemCode`. `detail` tells people what went wrong this time, and
`errors` which fields are at fault, each with a code of its own.

| Code | Status | Meaning |
| --- | --- | --- |
"
    .to_owned();
    for (code, ProblemCode { status, meaning }) in all() {
        text.push_str(&format!("| `{code}` | {status} | {} |\n", cell(&meaning)));
    }
    text.push_str(REFUSALS);
    for refusal in SignInRefusal::ALL {
        text.push_str(&format!("| `{}` | {} |\n", refusal.code(), cell(what_refused(*refusal))));
    }
    text
}

/// Text in a table of Markdown.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "\\<")
}

const REFUSALS: &str = "
## Sign-ins by an identity provider

Browsers are sent back to the page with `#error=` and one of these.

| Code | Meaning |
| --- | --- |
";

const fn what_refused(refusal: SignInRefusal) -> &'static str {
    match refusal {
        SignInRefusal::Lost => "the browser does not know of this sign-in, or not any more: begin again",
        SignInRefusal::Denied => "the provider, or the person there, refused",
        SignInRefusal::Failed => "the answer of the provider does not hold",
        SignInRefusal::Away => "the provider does not answer: try again",
        SignInRefusal::UnknownProvider => "there is no such provider any more",
        SignInRefusal::UnverifiedAddress => "the provider does not know whether the address is theirs",
        SignInRefusal::ForeignAddress => "the provider may not vouch for addresses of this domain",
        SignInRefusal::NoAccount => "nobody here has this address, and the provider brings nobody in",
        SignInRefusal::UnverifiedAccount => "somebody here has this address, and has not verified it",
        SignInRefusal::OtherIdentity => "the provider has called somebody else by this address",
        SignInRefusal::RateLimited => "too many came from their address: try again in a while",
        SignInRefusal::NotAMember => "they do not belong to the organization, and the provider brings nobody in",
        SignInRefusal::Suspended => "they are suspended in the organization",
        SignInRefusal::Deactivated => "the operator has deactivated them",
        SignInRefusal::NoRole => "they are in no group that has a role here",
        SignInRefusal::Unavailable => "something the server depends on is away: try again",
        SignInRefusal::Internal => "something went wrong in the server",
    }
}

impl PartialSchema for ProblemCode {
    fn schema() -> RefOr<Schema> {
        let codes: serde_json::Map<_, _> = all()
            .into_iter()
            .map(|(code, it)| {
                (code.into_owned(), serde_json::json!({ "status": it.status, "description": it.meaning }))
            })
            .collect();
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "Stable and meant for programs. `x-codes` has all there are, with their statuses; later versions add others.",
            ))
            .examples(["task.title_length", "version.stale"])
            .extensions(Some(Extensions::from_iter([("x-codes", codes)])))
            .into()
    }
}

impl ToSchema for ProblemCode {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ProblemCode")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once() {
        let listed = REQUESTS.len() + Denial::ALL.len() + Violation::all().count() + RESOURCES.len();
        assert_eq!(all().len(), listed);
    }

    #[test]
    fn codes_are_names_and_meanings_are_phrases() {
        for (code, ProblemCode { status, meaning }) in all() {
            assert!(code.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '_' | '.')), "{code}");
            assert!((400..=503).contains(&status), "{code}");
            assert!(meaning.split_whitespace().count() >= 3 && !meaning.ends_with('.'), "{code}: {meaning}");
        }
    }

    #[test]
    fn the_table_has_a_row_for_each() {
        let table = problem_codes_markdown();
        let rows = table.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, all().len() + SignInRefusal::ALL.len());
        assert!(table.contains("| `task.title_length` | 422 | a title has 1 to 200 characters |\n"));
    }
}
