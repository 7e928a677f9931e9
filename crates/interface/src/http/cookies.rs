//! Tokens in cookies, for pages: no script can read what its user is signed in with.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpRequest};
use chrono::TimeDelta;
use tenon_application::identity::{SignedIn, SingleSignOn};
use tenon_domain::identity::{Session, SignInCode};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::csrf;
use super::problem::Problem;

/// Browsers take a cookie of such a name only over TLS, for the whole host, and from nobody but the host itself.
pub(crate) const ACCESS: &str = "__Host-tenon_access";
pub(crate) const REFRESH: &str = "__Host-tenon_refresh";
/// The one that scripts read.
pub(crate) const CSRF: &str = "__Host-tenon_csrf";

/// What a browser keeps while it is at an identity provider, and what it shows when its page redeems a sign-in code.
pub(crate) const OIDC: &str = "__Host-tenon_oidc";
pub(crate) const SIGN_IN: &str = "__Host-tenon_sign_in";

pub(crate) const AUTH_MODE: &str = "X-Auth-Mode";
const AUTH_MODE_HEADER: HeaderName = HeaderName::from_static("x-auth-mode");

/// The value of a cookie that the request came with.
pub(crate) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get_all(header::COOKIE).find_map(|value| find(value.as_bytes(), name))
}

/// Whether the request came with more than one cookie of this name. No browser has two: somebody else added one.
pub(crate) fn is_repeated(headers: &HeaderMap, name: &str) -> bool {
    headers.get_all(header::COOKIE).flat_map(|value| values(value.as_bytes(), name)).nth(1).is_some()
}

fn find<'a>(cookies: &'a [u8], name: &str) -> Option<&'a str> {
    let value = values(cookies, name).next()?;
    str::from_utf8(value).ok().filter(|value| !value.is_empty())
}

/// Takes bytes: what else a browser keeps for this host need not be text.
fn values<'a>(cookies: &'a [u8], name: &str) -> impl Iterator<Item = &'a [u8]> {
    let pairs = cookies.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    pairs.filter_map(move |pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

/// The cookies of who signed in.
pub(crate) fn of_sign_in(signed_in: &SignedIn) -> [String; 2] {
    let access = cookie(ACCESS, &signed_in.access_token, signed_in.expires_in);
    [access, cookie(REFRESH, &signed_in.refresh_token, Session::LIFETIME)]
}

pub(crate) fn of_csrf_token(token: &str) -> String {
    cookie(CSRF, token, Session::LIFETIME)
}

/// Of a browser that is sent to an identity provider. It comes back by a link from there, which `Lax` cookies go with.
pub(crate) fn of_departure(transaction: &str) -> String {
    cookie(OIDC, transaction, SingleSignOn::LONGEST_SIGN_IN)
}

pub(crate) fn departure_over() -> String {
    cookie(OIDC, "", TimeDelta::zero())
}

/// Of a browser that came back with a sign-in code.
pub(crate) fn of_return(browser: &str) -> String {
    cookie(SIGN_IN, browser, SignInCode::LIFETIME)
}

pub(crate) fn sign_in_over() -> String {
    cookie(SIGN_IN, "", TimeDelta::zero())
}

/// What makes a browser forget what it is signed in with.
pub(crate) fn cleared() -> [String; 3] {
    [ACCESS, REFRESH, CSRF].map(|name| cookie(name, "", TimeDelta::zero()))
}

fn cookie(name: &str, value: &str, lifetime: TimeDelta) -> String {
    let readers = if name == CSRF { "" } else { "; HttpOnly" };
    format!("{name}={value}; Path=/; Max-Age={}; Secure; SameSite=Lax{readers}", lifetime.num_seconds())
}

/// How the client wants its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthMode {
    Body,
    Cookie,
}

impl AuthMode {
    /// A page elsewhere must not sign its visitors in or on, either.
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        match request.headers().get(AUTH_MODE_HEADER).map(HeaderValue::as_bytes) {
            None => Ok(Self::Body),
            Some(b"cookie") => {
                csrf::check_origin(request)?;
                Ok(Self::Cookie)
            }
            Some(_) => Err(Problem::bad_request("auth.unknown_mode", "X-Auth-Mode is `cookie`, or left out.")),
        }
    }
}

impl FromRequest for AuthMode {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

impl IntoParams for AuthMode {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["cookie"])).examples(["cookie"]);
        let parameter = ParameterBuilder::new()
            .name(AUTH_MODE)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some("`cookie`, for pages: the tokens are set as cookies, and `null` in the body."))
            .schema(Some(schema));
        vec![parameter.build()]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let cookies = b"a=1; __Host-tenon_access=x.y=z; \xff\xfe=\xff; __Host-tenon_csrf=c";
        assert_eq!(find(cookies, ACCESS), Some("x.y=z"));
        assert_eq!(find(cookies, CSRF), Some("c"));
        assert_eq!(find(cookies, REFRESH), None);
    }

    #[test]
    fn what_only_looks_like_it_is_another_cookie() {
        for other in [
            "x__Host-tenon_access=a",
            "__Host-tenon_access2=a",
            "__host-tenon_access=a",
            "\u{2000}__Host-tenon_access=a",
            "a=__Host-tenon_access=a",
            "__Host-tenon_access",
            "__Host-tenon_access=",
            "",
        ] {
            assert_eq!(find(other.as_bytes(), ACCESS), None, "{other:?}");
        }
    }

    #[test]
    fn every_header_is_looked_through() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1"));
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-tenon_access=t"));
        assert_eq!(read(&headers, ACCESS), Some("t"));
    }

    #[test]
    fn two_of_a_name_are_noticed() {
        let repeated = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            values.iter().copied().for_each(|value| headers.append(header::COOKIE, HeaderValue::from_static(value)));
            is_repeated(&headers, ACCESS)
        };
        assert!(!repeated(&["__Host-tenon_access=a; x__Host-tenon_access=b; __Host-tenon_csrf=c"]));
        assert!(repeated(&["__Host-tenon_access=a; b=1; __Host-tenon_access=a"]));
        assert!(repeated(&["__Host-tenon_access=a", "__Host-tenon_access="]));
    }

    #[test]
    fn cookies_are_for_this_host_alone_and_but_one_of_them_not_for_scripts() {
        let csrf = of_csrf_token("t");
        assert_eq!(csrf, "__Host-tenon_csrf=t; Path=/; Max-Age=2592000; Secure; SameSite=Lax");
        let [access, refresh, csrf] = cleared();
        assert_eq!(access, "__Host-tenon_access=; Path=/; Max-Age=0; Secure; SameSite=Lax; HttpOnly");
        assert!(refresh.ends_with("; HttpOnly") && !csrf.contains("HttpOnly"));
    }

    proptest! {
        #[test]
        fn what_is_set_is_found(value in "[A-Za-z0-9._-]{1,60}", others in "([a-z]{1,5}=[ -:<-~]{0,9}; ){0,4}") {
            let set = format!("{others}{}", cookie(ACCESS, &value, TimeDelta::zero()));
            prop_assert_eq!(find(set.as_bytes(), ACCESS), Some(value.as_str()));
        }

        #[test]
        fn no_header_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert_eq!(find(&bytes, ACCESS), None);
        }
    }
}
