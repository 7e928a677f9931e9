//! Rate limits: tight where passwords are guessed, generous for who is signed in.
//!
//! `RateLimit` and `RateLimit-Policy` follow draft-ietf-httpapi-ratelimit-headers.

use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Data;
use tenon_application::identity::network;
use tenon_application::ports::{RateDecision, RatePolicy};
use tenon_application::{Actor, Origin};
use tenon_domain::identity::Email;

use super::BASE_PATH;
use super::authentication::Authentication;
use super::context::RequestContext;
use super::layers::{Answered, Next};
use super::problem::Problem;
use super::services::HttpServices;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const MINUTE: Duration = Duration::from_secs(60);

/// How much of what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// Attempts to sign in, register or accept an invitation, by address.
    pub auth: RatePolicy,
    /// Mails that are asked for to one address, by who asks for them.
    pub account: RatePolicy,
    /// Requests of a signed-in user, or with one personal access token.
    pub api: RatePolicy,
    /// Requests without valid credentials, by address.
    pub anonymous: RatePolicy,
}

impl Default for RateLimits {
    fn default() -> Self {
        let per_minute = |name, quota| RatePolicy { name, quota, window: MINUTE };
        Self {
            auth: per_minute("auth", 20),
            account: RatePolicy { name: "account", quota: 10, window: MINUTE * 10 },
            api: per_minute("api", 6_000),
            anonymous: per_minute("anonymous", 600),
        }
    }
}

/// The limits in force; `None` when they are switched off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ActiveLimits(pub(crate) Option<RateLimits>);

/// Counts every request to the API, and refuses what is too much.
pub(crate) async fn limit(request: ServiceRequest, next: impl Next) -> Answered {
    let limits = request.app_data::<Data<ActiveLimits>>().and_then(|active| active.0);
    let services = request.app_data::<Data<HttpServices>>().cloned();
    let (Some(limits), Some(services), true) = (limits, services, request.match_info().as_str().starts_with(BASE_PATH))
    else {
        return next(request).await;
    };
    let signed_in = Authentication::of(request.request()).and_then(|found| credential(&found.actor));
    let client = || RequestContext::of(request.request()).and_then(|context| context.client);
    let address = || client().map(network).unwrap_or_default();
    let (policy, limiter, key) = match signed_in {
        _ if takes_secrets(request.method(), request.match_info().as_str()) => {
            (limits.auth, &services.shared_limiter, address())
        }
        Some(credential) => (limits.api, &services.local_limiter, credential),
        None => (limits.anonymous, &services.local_limiter, address()),
    };
    let decision = limiter.check(&policy, &key).await;
    let mut answer =
        if decision.allowed { next(request).await? } else { request.error_response(refusal(&policy, decision)) };
    let headers = answer.headers_mut();
    // A tighter limit that a handler met speaks for itself.
    if !headers.contains_key(RATE_LIMIT) {
        for (name, value) in rate_headers(&policy, decision) {
            headers.insert(name, value);
        }
    }
    Ok(answer)
}

/// What the requests of somebody who is signed in are counted by: a program that runs wild with its token leaves its
/// owner's requests and other tokens alone.
fn credential(actor: &Actor) -> Option<String> {
    let by_token = actor.token().map(|token| format!("token:{token}"));
    by_token.or_else(|| actor.user_id().map(|user| user.to_string()))
}

/// Counts what somebody asks for under an address, whether it is of an account or not. For the handlers that know
/// which.
pub(crate) async fn check_account(
    active: ActiveLimits,
    services: &HttpServices,
    asking: &Origin,
    account: &str,
) -> Result<(), Problem> {
    let Some(limits) = active.0 else { return Ok(()) };
    let decision = services.shared_limiter.check(&limits.account, &account_key(asking, account)).await;
    if decision.allowed { Ok(()) } else { Err(refusal(&limits.account, decision)) }
}

/// Who asks is part of it: nobody uses up what the owner of an account may ask for.
fn account_key(asking: &Origin, account: &str) -> String {
    // No account has a longer address; what is longer shares one count.
    let account: String = account.trim().chars().take(Email::MAX_CHARS).collect::<String>().to_lowercase();
    format!("{} {account}", asking.ip.as_deref().unwrap_or_default())
}

/// Where passwords and tokens could be guessed.
const GUESSABLE: &[&str] = &[
    "/auth/login",
    "/auth/mfa/verify",
    "/auth/register",
    "/auth/refresh",
    "/auth/unlock",
    "/auth/verify-email",
    "/auth/reset-password",
    "/auth/confirm-email",
    "/invitations/accept",
    "/users/me/password",
    "/users/me/mfa/totp",
    "/users/me/mfa/totp/confirm",
    "/users/me/mfa/recovery-codes",
];

/// Where people could be pestered with mail.
const MAILING: &[&str] = &["/auth/forgot-password", "/auth/verify-email/resend", "/users/me/email"];

/// Whether the tight limit by address counts.
fn takes_secrets(method: &Method, path: &str) -> bool {
    path.strip_prefix(BASE_PATH)
        .is_some_and(|path| GUESSABLE.contains(&path) || MAILING.contains(&path) || deletes_account(method, path))
}

/// Whether it takes a password: what else is done under this path does not. The path is below the base path.
pub(crate) fn deletes_account(method: &Method, path: &str) -> bool {
    *method == Method::DELETE && path == "/users/me"
}

fn refusal(policy: &RatePolicy, decision: RateDecision) -> Problem {
    metrics::counter!("rate_limited_total", "policy" => policy.name).increment(1);
    let seconds = whole_seconds(decision.reset_after).max(1);
    let detail = format!("Too many requests: try again in {seconds} s.");
    let problem = Problem::too_many("rate_limited", detail, decision.reset_after);
    rate_headers(policy, decision).into_iter().fold(problem, |problem, (name, value)| problem.with_header(name, value))
}

fn rate_headers(policy: &RatePolicy, decision: RateDecision) -> Vec<(HeaderName, HeaderValue)> {
    let RatePolicy { name, quota, window } = policy;
    let limit = format!("\"{name}\";r={};t={}", decision.remaining, whole_seconds(decision.reset_after));
    let described = format!("\"{name}\";q={quota};w={}", window.as_secs());
    let pairs = [(RATE_LIMIT, limit), (RATE_LIMIT_POLICY, described)];
    pairs.into_iter().filter_map(|(name, text)| Some((name, HeaderValue::try_from(text).ok()?))).collect()
}

/// Rounded up: who waits that long has waited long enough.
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use tenon_application::{Credential, Principal, Viewer};
    use tenon_domain::access::{OrganizationRole, Scopes};
    use tenon_domain::{OrganizationId, SessionId, TokenId, UserId};
    use uuid::Uuid;

    use super::*;

    fn with(credential: Credential) -> Actor {
        let viewer = Viewer {
            user: UserId::new(Uuid::from_u128(1)),
            organization: OrganizationId::new(Uuid::from_u128(2)),
            role: OrganizationRole::Member,
        };
        Actor { principal: Principal::User { viewer, credential }, origin: Origin::default() }
    }

    #[test]
    fn a_stranger_uses_up_nothing_of_what_an_owner_may_ask_for() {
        let from = |ip: &str| Origin { ip: Some(ip.to_owned()), ..Origin::default() };
        let own = account_key(&from("192.0.2.1"), "ada@example.com");
        assert_eq!(own, account_key(&from("192.0.2.1"), " Ada@Example.com"));
        assert_ne!(own, account_key(&from("192.0.2.2"), "ada@example.com"));
        assert_ne!(own, account_key(&from("192.0.2.1"), "bob@example.com"));
        let endless = |length| account_key(&from("192.0.2.1"), &"a".repeat(length));
        assert_eq!(endless(Email::MAX_CHARS + 1), endless(Email::MAX_CHARS + 2));
    }

    #[test]
    fn sessions_of_a_user_are_counted_together_and_each_token_alone() {
        let session = |id| credential(&with(Credential::Session(SessionId::new(Uuid::from_u128(id)))));
        let token = |id| credential(&with(Credential::Token(TokenId::new(Uuid::from_u128(id)), Scopes::default())));
        assert!(session(3).is_some());
        assert_eq!(session(3), session(4));
        assert_ne!(session(3), token(1), "not even if their ids were the same");
        assert_ne!(token(3), token(4));
        assert_eq!(credential(&Actor::anonymous(Origin::default())), None);
    }
}
