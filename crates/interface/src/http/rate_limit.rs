//! Rate limits by what requests are for: tight where passwords are guessed or mail is caused, generous for who is signed in.
//! All instances count together, as far as the limiter does.
//!
//! `RateLimit` and `RateLimit-Policy` follow draft-ietf-httpapi-ratelimit-headers.

use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use tenon_application::identity::network;
use tenon_application::ports::{RateDecision, RatePolicy};
use tenon_application::{Actor, Denial, Origin};
use tenon_domain::SessionId;
use tenon_domain::identity::Email;
use url::form_urlencoded;

use super::BASE_PATH;
use super::authentication::Authentication;
use super::context::RequestContext;
use super::identity::single_sign_on;
use super::layers::{Answered, Next};
use super::problem::{self, Problem};
use super::route_table::RouteTable;
use super::services::HttpServices;
use super::special_operations::{RateClass, Treatment};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const MINUTE: Duration = Duration::from_secs(60);
/// What somebody is answered whose secret is none. A refresh token that was one once is no guess: see [`check_session`].
const GUESSES: [Denial; 2] = [Denial::InvalidRefreshToken, Denial::InvalidSignInCode];

type Answer = ServiceResponse<BoxBody>;

/// How much of what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests that take passwords, codes or tokens that could be guessed, by address. Made-up personal access tokens,
    /// refresh tokens and sign-in codes count, too.
    pub auth: RatePolicy,
    /// Other requests of strangers, by address: refreshing, and what signing in by an identity provider takes.
    pub open: RatePolicy,
    /// Refreshing, by session.
    pub refresh: RatePolicy,
    /// Requests that cause mail, by address, or by who is signed in.
    pub mail: RatePolicy,
    /// Mails that are asked for to one address, by who asks for them.
    pub account: RatePolicy,
    /// Other requests of a signed-in user, or with one personal access token.
    pub read: RatePolicy,
    pub write: RatePolicy,
    /// Those of them that cost much: totals of lists, and exports.
    pub heavy: RatePolicy,
    /// Requests without valid credentials, by address.
    pub anonymous: RatePolicy,
}

impl Default for RateLimits {
    fn default() -> Self {
        let per_minute = |name, quota| RatePolicy { name, quota, window: MINUTE };
        Self {
            auth: per_minute("auth", 20),
            open: per_minute("open", 600),
            refresh: per_minute("refresh", 30),
            mail: per_minute("mail", 20),
            account: RatePolicy { name: "account", quota: 10, window: MINUTE * 10 },
            read: per_minute("read", 6_000),
            write: per_minute("write", 3_000),
            heavy: per_minute("heavy", 600),
            anonymous: per_minute("anonymous", 600),
        }
    }
}

impl RateLimits {
    /// The limit of a class, and what its requests are counted by: `credential`, if there is one that counts, else the
    /// client's address.
    fn of(&self, class: RateClass, credential: Option<String>) -> (RatePolicy, Option<String>) {
        match (class, credential) {
            // A guess is a guess, whoever makes it.
            (RateClass::Auth, _) => (self.auth, None),
            (RateClass::Open | RateClass::Visit, _) => (self.open, None),
            (RateClass::Mail, credential) => (self.mail, credential),
            (_, None) => (self.anonymous, None),
            (RateClass::Read, known) => (self.read, known),
            (RateClass::Write, known) => (self.write, known),
            (RateClass::Heavy, known) => (self.heavy, known),
        }
    }
}

/// The limits in force; `None` when they are switched off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ActiveLimits(pub(crate) Option<RateLimits>);

/// Marks requests with a refresh token that was made here: they are counted by its session.
struct CountedBySession;

/// Counts every request to the API, and refuses what is too much.
pub(crate) async fn limit(request: ServiceRequest, next: impl Next) -> Answered {
    let limits = request.app_data::<Data<ActiveLimits>>().and_then(|active| active.0);
    let services = request.app_data::<Data<HttpServices>>().cloned();
    let (Some(limits), Some(services), true) = (limits, services, request.match_info().as_str().starts_with(BASE_PATH))
    else {
        return next(request).await;
    };
    let signed_in = Authentication::of(request.request()).and_then(|found| credential(&found.actor));
    let class = class(&request);
    let (policy, key) = limits.of(class, signed_in);
    let address = || RequestContext::of(request.request()).and_then(|context| context.client).map(network);
    let key = key.or_else(address).unwrap_or_default();
    let decision = services.limiter.check(&policy, &key).await;
    let mut answer = match (decision.allowed, class) {
        (true, RateClass::Open) => charge(next(request).await?, &services, &limits, &key).await,
        (true, _) => next(request).await?,
        (false, RateClass::Visit) => {
            count_refusal(&policy);
            let home = single_sign_on::turned_back(request.request());
            request.into_response(home)
        }
        (false, _) => request.error_response(refusal(&policy, decision)),
    };
    let headers = answer.headers_mut();
    // A tighter limit that a handler met speaks for itself.
    if !headers.contains_key(RATE_LIMIT) {
        for (name, value) in rate_headers(&policy, decision) {
            headers.insert(name, value);
        }
    }
    Ok(answer)
}

/// Counts a secret that nobody was given as a guess: of those there are few.
async fn charge(answer: Answer, services: &HttpServices, limits: &RateLimits, address: &str) -> Answer {
    if !is_guess(&answer) {
        return answer;
    }
    let decision = services.limiter.check(&limits.auth, address).await;
    if decision.allowed {
        return answer;
    }
    ServiceResponse::from_err(refusal(&limits.auth, decision), answer.into_parts().0)
}

fn is_guess(answer: &Answer) -> bool {
    problem::is_one_of(answer, &GUESSES.map(Denial::code))
        && !answer.request().extensions().contains::<CountedBySession>()
}

/// What the requests of somebody who is signed in are counted by: a program that runs wild with its token leaves its
/// owner's requests and other tokens alone.
fn credential(actor: &Actor) -> Option<String> {
    let by_token = actor.token().map(|token| format!("token:{token}"));
    by_token.or_else(|| actor.user_id().map(|user| user.to_string()))
}

/// Counts what is done with a session by who has a refresh token of it, and not as a guess, whether that token is still good
/// or not.
pub(crate) async fn check_session(
    request: &HttpRequest,
    active: ActiveLimits,
    services: &HttpServices,
    session: SessionId,
) -> Result<(), Problem> {
    request.extensions_mut().insert(CountedBySession);
    let Some(limits) = active.0 else { return Ok(()) };
    let decision = services.limiter.check(&limits.refresh, &session.to_string()).await;
    if decision.allowed { Ok(()) } else { Err(refusal(&limits.refresh, decision)) }
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
    let decision = services.limiter.check(&limits.account, &account_key(asking, account)).await;
    if decision.allowed { Ok(()) } else { Err(refusal(&limits.account, decision)) }
}

/// Who asks is part of it: nobody uses up what the owner of an account may ask for.
fn account_key(asking: &Origin, account: &str) -> String {
    // No account has a longer address; what is longer shares one count.
    let account: String = account.trim().chars().take(Email::MAX_CHARS).collect::<String>().to_lowercase();
    let from = asking.ip.as_deref().unwrap_or_default();
    let from = from.parse().map_or_else(|_| from.to_owned(), network);
    format!("{from} {account}")
}

/// What the request is counted as.
fn class(request: &ServiceRequest) -> RateClass {
    let (method, path) = (request.method(), request.match_info().as_str());
    let routes = request.app_data::<Data<RouteTable>>();
    let treatment = routes.map_or_else(|| Treatment::ordinary(method), |routes| routes.treatment(method, path));
    match treatment.class {
        RateClass::Read if wants_total(request.query_string()) => RateClass::Heavy,
        class => class,
    }
}

/// Whether a list is to say how long it is, for which the database has to count.
fn wants_total(query: &str) -> bool {
    !query.is_empty()
        && form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "include" && value == "total")
}

fn refusal(policy: &RatePolicy, decision: RateDecision) -> Problem {
    count_refusal(policy);
    let seconds = whole_seconds(decision.reset_after).max(1);
    let detail = format!("Too many requests: try again in {seconds} s.");
    let problem = Problem::too_many("rate_limited", detail, decision.reset_after);
    rate_headers(policy, decision).into_iter().fold(problem, |problem, (name, value)| problem.with_header(name, value))
}

fn count_refusal(policy: &RatePolicy) {
    metrics::counter!("rate_limited_total", "policy" => policy.name).increment(1);
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
    use actix_web::test::TestRequest;
    use tenon_application::{AppError, Credential, Principal, Viewer};
    use tenon_domain::access::{OrganizationRole, Scopes};
    use tenon_domain::{OrganizationId, TokenId, UserId};
    use uuid::Uuid;

    use super::*;

    fn with(credential: Credential) -> Actor {
        let viewer = Viewer::new(
            UserId::new(Uuid::from_u128(1)),
            OrganizationId::new(Uuid::from_u128(2)),
            OrganizationRole::Member,
        );
        Actor { principal: Principal::User { viewer, credential }, origin: Origin::default() }
    }

    #[test]
    fn a_stranger_uses_up_nothing_of_what_an_owner_may_ask_for() {
        let from = |ip: &str| Origin { ip: Some(ip.to_owned()), ..Origin::default() };
        let own = account_key(&from("192.0.2.1"), "ada@example.com");
        assert_eq!(own, account_key(&from("192.0.2.1"), " Ada@Example.com"));
        assert_ne!(own, account_key(&from("192.0.2.2"), "ada@example.com"));
        assert_ne!(own, account_key(&from("192.0.2.1"), "bob@example.com"));
        let neighbors = ["2001:db8::1", "2001:db8::2"].map(|ip| account_key(&from(ip), "ada@example.com"));
        assert_eq!(neighbors[0], neighbors[1], "who has one address of a network has all of them");
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
        let external = credential(&with(Credential::External(Scopes::default())));
        assert_eq!(external, session(3), "who has those of another issuer gets new ones at will");
        assert_eq!(credential(&Actor::anonymous(Origin::default())), None);
    }

    #[test]
    fn only_secrets_that_nobody_was_given_are_guesses() {
        let is_guess = |denial: Denial, is_genuine: bool| {
            let request = TestRequest::default().to_http_request();
            if is_genuine {
                request.extensions_mut().insert(CountedBySession);
            }
            is_guess(&ServiceResponse::from_err(Problem::from(AppError::Unauthenticated(denial)), request))
        };
        assert!(is_guess(Denial::InvalidRefreshToken, false) && is_guess(Denial::InvalidSignInCode, false));
        assert!(!is_guess(Denial::InvalidRefreshToken, true), "of a session that has ended");
        assert!(!is_guess(Denial::RefreshTokenReused, true));
        assert!(!is_guess(Denial::MissingRefreshToken, false));
    }

    #[test]
    fn guesses_count_by_address_and_the_rest_by_who_makes_it() {
        let limits = RateLimits::default();
        let of = |class, credential: Option<&str>| {
            let (policy, key) = limits.of(class, credential.map(str::to_owned));
            (policy.name, key.is_some())
        };
        let classes = [RateClass::Auth, RateClass::Mail, RateClass::Read, RateClass::Write, RateClass::Heavy];
        let strangers = classes.map(|class| of(class, None).0);
        assert_eq!(strangers, ["auth", "mail", "anonymous", "anonymous", "anonymous"]);
        let users = classes.map(|class| of(class, Some("ada")));
        assert_eq!(users, [("auth", false), ("mail", true), ("read", true), ("write", true), ("heavy", true)]);
        for class in [RateClass::Open, RateClass::Visit] {
            assert_eq!([of(class, None), of(class, Some("ada"))], [("open", false); 2]);
        }
    }

    #[test]
    fn a_total_is_heavy_however_it_is_spelled() {
        for query in ["include=total", "limit=1&include=total", "include=%74otal", "%69nclude=total"] {
            assert!(wants_total(query), "{query}");
        }
        for query in ["", "limit=1", "include=", "q=include%3Dtotal", "includes=total"] {
            assert!(!wants_total(query), "{query}");
        }
    }
}
