use std::fmt;

use super::IdentityError;

/// The URL that an identity provider is known by (OpenID Connect Discovery 1.0, 2): `https`, without query, fragment
/// and user. On this machine, for a try, it may be `http`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Issuer(String);

impl Issuer {
    pub const MAX_CHARS: usize = 255;
    const LOOPBACK: [&'static str; 3] = ["127.0.0.1", "localhost", "[::1]"];

    pub fn parse(raw: &str) -> Result<Self, IdentityError> {
        Self::read(raw, |host| Self::LOOPBACK.contains(&host))
    }

    /// One that the operator names, in a network of their own: it may be `http` wherever it is.
    pub fn parse_of_own_network(raw: &str) -> Result<Self, IdentityError> {
        Self::read(raw, |_| true)
    }

    /// `may_be_plain` says for which hosts it may be `http`.
    fn read(raw: &str, may_be_plain: fn(&str) -> bool) -> Result<Self, IdentityError> {
        let is_plain = raw.len() <= Self::MAX_CHARS
            && raw.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'@' | b'\\' | b'"'));
        let (is_http, rest) = match (raw.strip_prefix("https://"), raw.strip_prefix("http://")) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => return Err(IdentityError::IssuerUrl),
        };
        let authority = rest.split('/').next().unwrap_or_default();
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        let is_allowed = !host.is_empty() && (!is_http || may_be_plain(host));
        if is_plain && is_allowed { Ok(Self(raw.to_owned())) } else { Err(IdentityError::IssuerUrl) }
    }

    /// From the store, which holds only what was parsed before.
    pub fn restore(stored: String) -> Self {
        Self(stored)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_issuer_is_a_plain_https_url() {
        for good in [
            "https://accounts.example.com",
            "https://login.example.com/tenant/v2.0/",
            "https://example.com:8443/a",
            "http://127.0.0.1:4000",
            "http://localhost",
            "http://[::1]:4000/x",
        ] {
            assert_eq!(Issuer::parse(good).map(|issuer| issuer.to_string()), Ok(good.to_owned()));
        }
        let long = format!("https://example.com/{}", "a".repeat(250));
        for bad in [
            "",
            "example.com",
            "https://",
            "https:///path",
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://localhost@example.com",
            "https://ada:secret@example.com",
            "https://example.com?tenant=1",
            "https://example.com#top",
            "https://exa mple.com",
            "https://example.com/é",
            "ftp://example.com",
            &long,
        ] {
            assert_eq!(Issuer::parse(bad), Err(IdentityError::IssuerUrl), "{bad}");
        }
    }

    #[test]
    fn in_a_network_of_the_operators_own_an_issuer_may_do_without_tls() {
        for good in ["http://idp.internal:8080/realms/a", "http://10.0.0.7", "https://idp.example.com"] {
            assert_eq!(Issuer::parse_of_own_network(good).map(|issuer| issuer.to_string()), Ok(good.to_owned()));
        }
        for bad in ["http://", "ftp://idp.internal", "http://ada@idp.internal", "http://idp.internal?tenant=1"] {
            assert_eq!(Issuer::parse_of_own_network(bad), Err(IdentityError::IssuerUrl), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parsers_panic(text in any::<String>(), near in "https?://[a-z:/@\\[\\]0-9é.]{0,40}") {
            for text in [text, near] {
                let _ = (Issuer::parse(&text), Issuer::parse_of_own_network(&text));
            }
        }
    }
}
