//! Cookies come along with whatever a browser sends, also for a page of somebody else. So a request that is to change
//! something with them has to repeat a token, which only a page that may read the answers knows.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::web::Data;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tenon_domain::SessionId;

use super::cookies;
use super::cors::AllowedOrigins;
use super::problem::Problem;

pub(crate) const CSRF_TOKEN: &str = "X-CSRF-Token";
const CSRF_TOKEN_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");

/// Makes and checks the tokens: `<random>.base64url(HMAC-SHA256(key, session ‖ random))`.
#[derive(Clone)]
pub(crate) struct CsrfTokens {
    key: Vec<u8>,
}

/// Why a request with a cookie is taken for somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forgery {
    ForeignOrigin,
    MissingToken,
    InvalidToken,
}

impl CsrfTokens {
    pub(crate) fn new(key: Vec<u8>) -> Self {
        Self { key }
    }

    /// A token for a session, around something random without a dot in it.
    pub(crate) fn issue(&self, session: SessionId, random: &str) -> Option<String> {
        let tag = self.signature(session, random)?.finalize().into_bytes();
        Some(format!("{random}.{}", URL_SAFE_NO_PAD.encode(tag.as_slice())))
    }

    /// Whether the token was made here for this session.
    pub(crate) fn is_genuine(&self, session: SessionId, token: &str) -> bool {
        self.verify(session, token).is_some()
    }

    fn verify(&self, session: SessionId, token: &str) -> Option<()> {
        let (random, tag) = token.split_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        // Compares in constant time.
        self.signature(session, random)?.verify_slice(&tag).ok()
    }

    /// Whether two texts are the same, in constant time: what is compared are digests that nobody can foresee.
    fn are_same(&self, one: &str, other: &str) -> bool {
        let digests = self.mac(&[one.as_bytes()]).zip(self.mac(&[other.as_bytes()]));
        digests.is_some_and(|(one, other)| one.verify_slice(other.finalize().into_bytes().as_slice()).is_ok())
    }

    fn signature(&self, session: SessionId, random: &str) -> Option<Hmac<Sha256>> {
        self.mac(&[session.uuid().as_bytes(), random.as_bytes()])
    }

    fn mac(&self, parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        parts.iter().for_each(|part| mac.update(part));
        Some(mac)
    }
}

/// Refuses an unsafe request of a session, known by its cookie, that a page elsewhere may have sent.
pub(crate) fn check(request: &HttpRequest, session: SessionId) -> Result<(), Forgery> {
    if request.method().is_safe() {
        return Ok(());
    }
    check_origin(request)?;
    let headers = request.headers();
    let (Some(sent), Some(kept)) = (headers.get(CSRF_TOKEN_HEADER), cookies::read(headers, cookies::CSRF)) else {
        return Err(Forgery::MissingToken);
    };
    let sent = sent.to_str().unwrap_or_default();
    let tokens = request.app_data::<Data<CsrfTokens>>();
    let is_good = tokens.is_some_and(|tokens| tokens.are_same(sent, kept) && tokens.is_genuine(session, sent));
    if is_good { Ok(()) } else { Err(Forgery::InvalidToken) }
}

/// Refuses pages that say they are neither the front end's nor on the list of those that may call the API. Who sends no
/// `Origin` is no page that changes anything, or one of a browser that does not tell.
pub(crate) fn check_origin(request: &HttpRequest) -> Result<(), Forgery> {
    let Some(origin) = request.headers().get(header::ORIGIN) else { return Ok(()) };
    let is_ours = request.app_data::<Data<AllowedOrigins>>().is_some_and(|origins| origins.trusts(origin));
    if is_ours { Ok(()) } else { Err(Forgery::ForeignOrigin) }
}

impl From<Forgery> for Problem {
    fn from(forgery: Forgery) -> Self {
        let (code, detail) = match forgery {
            Forgery::ForeignOrigin => ("auth.foreign_origin", "Pages of this origin may not use the cookies."),
            Forgery::MissingToken => (
                "auth.csrf_missing",
                "With cookies, send the token of GET /auth/csrf as X-CSRF-Token, together with its own cookie.",
            ),
            Forgery::InvalidToken => (
                "auth.csrf_invalid",
                "X-CSRF-Token is not that of the cookie, or of another session: ask GET /auth/csrf for a new one.",
            ),
        };
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn tokens() -> CsrfTokens {
        CsrfTokens::new(b"a key for tests".to_vec())
    }

    fn session(id: u128) -> SessionId {
        SessionId::new(Uuid::from_u128(id))
    }

    fn checked(request: TestRequest) -> Result<(), Forgery> {
        let url = url::Url::parse("https://tenon.example.com/").unwrap();
        let origins = AllowedOrigins::new(&["https://app.example.com".to_owned()], &url);
        let request = request.app_data(Data::new(tokens())).app_data(Data::new(origins));
        check(&request.to_http_request(), session(1))
    }

    fn with(cookie: &str, header: &str) -> TestRequest {
        let cookie = format!("{}={cookie}", cookies::CSRF);
        TestRequest::post().insert_header((header::COOKIE, cookie)).insert_header((CSRF_TOKEN, header))
    }

    #[test]
    fn what_changes_something_repeats_the_token_of_its_session() {
        let [mine, again, other] =
            [(1, "a"), (1, "b"), (2, "a")].map(|(id, random)| tokens().issue(session(id), random).unwrap());
        assert_eq!(checked(with(&mine, &mine)), Ok(()));
        for (cookie, header) in [(&mine, &again), (&again, &mine), (&other, &other), (&mine, &other), (&other, &mine)] {
            assert_eq!(checked(with(cookie, header)), Err(Forgery::InvalidToken));
        }
        assert_eq!(checked(with("", &mine)), Err(Forgery::MissingToken));
        assert_eq!(checked(TestRequest::post().insert_header((CSRF_TOKEN, mine))), Err(Forgery::MissingToken));
        assert_eq!(checked(TestRequest::delete()), Err(Forgery::MissingToken));
        assert_eq!(checked(TestRequest::get()), Ok(()), "reading changes nothing");
    }

    #[test]
    fn pages_of_others_are_refused_whatever_they_know() {
        let token = tokens().issue(session(1), "a").unwrap();
        let from = |origin: &'static str| checked(with(&token, &token).insert_header((header::ORIGIN, origin)));
        assert_eq!(from("https://tenon.example.com"), Ok(()));
        assert_eq!(from("https://app.example.com"), Ok(()));
        for foreign in
            ["https://evil.example.com", "null", "http://tenon.example.com", "https://tenon.example.com:8443"]
        {
            assert_eq!(from(foreign), Err(Forgery::ForeignOrigin), "{foreign}");
        }
    }

    proptest! {
        #[test]
        fn a_token_is_good_for_its_session_only(id in any::<u128>(), other in any::<u128>(), random in "[\\w-]{0,40}") {
            prop_assume!(id != other);
            let token = tokens().issue(session(id), &random).unwrap();
            prop_assert!(tokens().is_genuine(session(id), &token));
            prop_assert!(!tokens().is_genuine(session(other), &token));
            prop_assert!(!CsrfTokens::new(b"another key".to_vec()).is_genuine(session(id), &token));
        }

        #[test]
        fn any_change_is_noticed(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]") {
            let token = tokens().issue(session(1), "cmFuZG9t").unwrap();
            let at = at.index(token.len());
            let mut changed = token.clone();
            changed.replace_range(at..=at, &to);
            prop_assume!(changed != token);
            prop_assert!(!tokens().is_genuine(session(1), &changed) && !tokens().are_same(&token, &changed));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}", tag in "[A-Za-z0-9_-]{0,60}") {
            for made_up in [format!("{text}.{tag}"), text] {
                prop_assert!(!tokens().is_genuine(session(1), &made_up));
            }
        }
    }
}
