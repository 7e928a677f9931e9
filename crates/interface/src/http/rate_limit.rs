//! Rate limits: tight where passwords are guessed, generous for who is signed in.
//!
//! `RateLimit` and `RateLimit-Policy` follow draft-ietf-httpapi-ratelimit-headers.

use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::Data;
use tenon_application::ports::{RateDecision, RatePolicy};
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
    /// Attempts to sign in to one account, from wherever.
    pub account: RatePolicy,
    /// Requests of a signed-in user.
    pub api: RatePolicy,
    /// Requests without valid credentials, by address.
    pub anonymous: RatePolicy,
}

impl Default for RateLimits {
    fn default() -> Self {
        let per_minute = |name, quota| RatePolicy { name, quota, window: MINUTE };
        Self {
            auth: per_minute("auth", 20),
            account: per_minute("account", 10),
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
    let user = Authentication::of(request.request()).and_then(|found| found.actor.user_id());
    let address = || RequestContext::of(request.request()).and_then(|context| context.ip.clone()).unwrap_or_default();
    let (policy, limiter, key) = match user {
        _ if takes_secrets(request.match_info().as_str()) => (limits.auth, &services.shared_limiter, address()),
        Some(user) => (limits.api, &services.local_limiter, user.to_string()),
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

/// Counts an attempt to sign in to an account. For the handlers that know whose.
pub(crate) async fn check_account(active: ActiveLimits, services: &HttpServices, account: &str) -> Result<(), Problem> {
    let Some(limits) = active.0 else { return Ok(()) };
    // No account has a longer address; what is longer shares one count.
    let account: String = account.trim().chars().take(Email::MAX_CHARS).collect::<String>().to_lowercase();
    let decision = services.shared_limiter.check(&limits.account, &account).await;
    if decision.allowed { Ok(()) } else { Err(refusal(&limits.account, decision)) }
}

/// Where passwords and tokens could be guessed.
fn takes_secrets(path: &str) -> bool {
    let guessable = ["/auth/login", "/auth/register", "/auth/refresh", "/invitations/accept"];
    path.strip_prefix(BASE_PATH).is_some_and(|path| guessable.contains(&path))
}

fn refusal(policy: &RatePolicy, decision: RateDecision) -> Problem {
    metrics::counter!("rate_limited_total", "policy" => policy.name).increment(1);
    let seconds = whole_seconds(decision.reset_after).max(1);
    let detail = format!("Too many requests: try again in {seconds} s.");
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail)
        .with_header(header::RETRY_AFTER, HeaderValue::from(seconds));
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
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
