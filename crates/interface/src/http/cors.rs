//! Cross-origin requests: an explicit list of origins, and nothing for anybody else.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::web::Data;

use super::layers::{Answered, Next};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Traceparent, X-Auth-Mode, X-CSRF-Token, \
     X-Request-Id",
);
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "ETag, Idempotent-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id",
);
/// Seconds a browser may remember what it was allowed.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The origins whose pages may call the API.
#[derive(Debug)]
pub(crate) struct AllowedOrigins {
    listed: Vec<String>,
    /// That of the front end.
    own: String,
    /// What the paths of the front end are below, without a slash at its end.
    below: String,
}

impl AllowedOrigins {
    pub(crate) fn new(origins: &[String], public_url: &url::Url) -> Self {
        let listed = origins.iter().map(|origin| origin.trim_end_matches('/').to_owned()).collect();
        let below = public_url.path().trim_end_matches('/').to_owned();
        Self { listed, own: public_url.origin().ascii_serialization(), below }
    }

    /// A page that a browser may be sent to: a path of the front end, or an address on a trusted origin. Without a
    /// fragment, where it is told how it went.
    pub(crate) fn page(&self, given: &str) -> Option<String> {
        let page = if given.starts_with('/') { self.own_page(given)? } else { url::Url::parse(given).ok()? };
        let origin = page.origin().ascii_serialization();
        let is_trusted = matches!(page.scheme(), "http" | "https")
            && (origin == self.own || self.listed.contains(&origin))
            && page.username().is_empty()
            && page.password().is_none();
        (is_trusted && page.fragment().is_none()).then(|| page.into())
    }

    /// A path of the front end, which need not be all that there is at its origin.
    fn own_page(&self, path: &str) -> Option<url::Url> {
        // As browsers read it: `//evil.example.com` is no path, and `..` leads nowhere else.
        let mut page = url::Url::parse(&self.own).ok()?.join(path).ok()?;
        if page.origin().ascii_serialization() == self.own {
            page.set_path(&format!("{}{}", self.below, page.path()));
        }
        Some(page)
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        self.listed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
    }

    /// Whether its pages may use cookies to change something.
    pub(crate) fn trusts(&self, origin: &HeaderValue) -> bool {
        self.allows(origin) || self.own.as_bytes() == origin.as_bytes()
    }
}

/// Answers preflights of allowed origins and lets their pages read the answers.
pub(crate) async fn allow(request: ServiceRequest, next: impl Next) -> Answered {
    let allowed = request.app_data::<Data<AllowedOrigins>>().cloned();
    let Some(allowed) = allowed.filter(|allowed| !allowed.listed.is_empty()) else {
        return next(request).await;
    };
    let origin = request.headers().get(header::ORIGIN).filter(|origin| allowed.allows(origin)).cloned();
    let is_preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut answer = match &origin {
        Some(_) if is_preflight => {
            let mut permission = HttpResponse::NoContent().finish();
            let headers = permission.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
            request.into_response(permission)
        }
        _ => next(request).await?,
    };
    let headers: &mut HeaderMap = answer.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn origins() -> AllowedOrigins {
        let url = url::Url::parse("https://tenon.example.com/").unwrap();
        AllowedOrigins::new(&["https://app.example.com".to_owned(), "http://localhost:3000".to_owned()], &url)
    }

    #[test]
    fn browsers_are_sent_to_our_pages_only() {
        for (given, page) in [
            ("/", "https://tenon.example.com/"),
            ("/board?project=ENG", "https://tenon.example.com/board?project=ENG"),
            ("https://app.example.com/in", "https://app.example.com/in"),
            ("http://localhost:3000", "http://localhost:3000/"),
        ] {
            assert_eq!(origins().page(given).as_deref(), Some(page), "{given}");
        }
        for given in [
            "",
            "board",
            "//evil.example.com",
            "/\\evil.example.com",
            "\\\\evil.example.com",
            "/\t/evil.example.com",
            "https://evil.example.com",
            "https://tenon.example.com.evil.example.com/",
            "https://tenon.example.com@evil.example.com/",
            "https://ada@tenon.example.com/",
            "http://tenon.example.com/",
            "https://app.example.com:8443/",
            "javascript:alert(1)",
            "data:text/html,hello",
            "/board#sign_in_code=mine",
        ] {
            assert_eq!(origins().page(given), None, "{given}");
        }
    }

    #[test]
    fn paths_are_those_of_the_front_end_wherever_it_is() {
        for public_url in ["https://tenon.example.com/work/tenon", "https://tenon.example.com/work/tenon/"] {
            let origins = AllowedOrigins::new(&[], &url::Url::parse(public_url).unwrap());
            for (given, page) in [
                ("/", "https://tenon.example.com/work/tenon/"),
                ("/board?project=ENG", "https://tenon.example.com/work/tenon/board?project=ENG"),
                ("/../../board", "https://tenon.example.com/work/tenon/board"),
                ("/%2e%2e/board/é", "https://tenon.example.com/work/tenon/board/%C3%A9"),
                ("https://tenon.example.com/elsewhere", "https://tenon.example.com/elsewhere"),
            ] {
                assert_eq!(origins.page(given).as_deref(), Some(page), "{given}");
            }
            for given in ["//evil.example.com", "/\\evil.example.com", "board", "/board#mine"] {
                assert_eq!(origins.page(given), None, "{given}");
            }
        }
    }

    proptest! {
        #[test]
        fn nobody_is_sent_elsewhere_whatever_is_asked_for(
            text in any::<String>(),
            near in "(https?:)?[/\\\\\\t]{0,3}(tenon\\.example\\.com)?[ -~]{0,30}",
        ) {
            for given in [text.clone(), format!("/{text}"), near] {
                if let Some(page) = origins().page(&given) {
                    let page = url::Url::parse(&page).unwrap();
                    let is_ours = ["tenon.example.com", "app.example.com", "localhost"].contains(&page.host_str().unwrap());
                    prop_assert!(is_ours && page.fragment().is_none(), "{} became {}", given, page);
                }
            }
        }
    }
}
