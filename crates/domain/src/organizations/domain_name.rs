use std::fmt;
use std::net::IpAddr;

use super::OrganizationError;
use crate::identity::Email;

/// The name of a domain, such as `example.com`: in lower case, and in ASCII (`xn--bcher-kva.example`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainName(String);

impl DomainName {
    pub const MAX_CHARS: usize = 253;
    const MAX_LABEL_CHARS: usize = 63;
    /// Where the record is that proves a domain to be somebody's own.
    const CHALLENGE: &'static str = "_tenon-challenge";

    /// Providers where everybody can have an address, the largest ones: nobody has to be kept from proving what is not
    /// theirs, but who tries had better be told why it will not do.
    const PUBLIC: &'static [&'static str] = &[
        "aol.com",
        "fastmail.com",
        "free.fr",
        "gmail.com",
        "gmx.at",
        "gmx.ch",
        "gmx.com",
        "gmx.de",
        "gmx.net",
        "googlemail.com",
        "hey.com",
        "hotmail.co.uk",
        "hotmail.com",
        "hotmail.fr",
        "icloud.com",
        "laposte.net",
        "libero.it",
        "live.com",
        "mac.com",
        "mail.com",
        "mail.ru",
        "me.com",
        "msn.com",
        "naver.com",
        "orange.fr",
        "outlook.com",
        "pm.me",
        "posteo.de",
        "proton.me",
        "protonmail.com",
        "qq.com",
        "t-online.de",
        "tuta.com",
        "tutanota.com",
        "web.de",
        "yahoo.co.jp",
        "yahoo.co.uk",
        "yahoo.com",
        "yandex.com",
        "yandex.ru",
        "ymail.com",
        "zoho.com",
        "126.com",
        "163.com",
    ];

    pub fn parse(raw: &str) -> Result<Self, OrganizationError> {
        let name = raw.trim().to_ascii_lowercase();
        let labels = name.split('.').count();
        let well_formed = name.len() <= Self::MAX_CHARS && labels >= 2 && name.split('.').all(Self::is_label);
        // No top-level domain is a number, and whatever ends in one may be taken for an address (RFC 3696).
        let ends_in_number = name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        if well_formed && !ends_in_number && name.parse::<IpAddr>().is_err() {
            Ok(Self(name))
        } else {
            Err(OrganizationError::DomainFormat)
        }
    }

    fn is_label(label: &str) -> bool {
        (1..=Self::MAX_LABEL_CHARS).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    }

    /// From the store, which holds only what was parsed before.
    pub fn restore(stored: String) -> Self {
        Self(stored)
    }

    /// What an address is below. It may be no domain that can be claimed, such as `localhost`.
    pub fn of(email: &Email) -> Self {
        Self(email.as_str().rsplit_once('@').map_or_else(String::new, |(_, domain)| domain.to_owned()))
    }

    /// Whether everybody can have an address there.
    pub fn is_public(&self) -> bool {
        Self::PUBLIC.contains(&self.as_str())
    }

    /// The name of the TXT record that proves the domain to be somebody's own.
    pub fn challenge(&self) -> String {
        format!("{}.{}", Self::CHALLENGE, self.0)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn domains_are_taken_in_any_case_and_kept_in_lower_case() {
        for (raw, kept) in [
            ("example.com", "example.com"),
            (" Engines.Example.COM ", "engines.example.com"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("3com.example", "3com.example"),
        ] {
            assert_eq!(DomainName::parse(raw).map(|name| name.to_string()), Ok(kept.to_owned()), "{raw}");
        }
        let longest = format!("{}.{}.{}.{}", "a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61));
        assert!(DomainName::parse(&longest).is_ok() && DomainName::parse(&format!("{longest}e")).is_err());
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        for raw in [
            "",
            ".",
            "com",
            "localhost",
            "example.com.",
            ".example.com",
            "a..b",
            "-a.example",
            "a-.example",
            "exa mple.com",
            "bücher.example",
            "ada@example.com",
            "example.com:80",
            "https://example.com",
            "*.example.com",
            "_dmarc.example.com",
            "192.0.2.1",
            "1.2",
            "2001:db8::1",
            "[::1]",
            "a.b\0",
        ] {
            assert_eq!(DomainName::parse(raw), Err(OrganizationError::DomainFormat), "{raw}");
        }
        assert!(DomainName::parse(&format!("{}.example", "a".repeat(64))).is_err());
    }

    #[test]
    fn an_address_is_of_one_domain() {
        let email = |raw| Email::parse(raw).unwrap();
        let name = DomainName::parse("example.com").unwrap();
        assert_eq!(DomainName::of(&email("Ada@Example.com")), name);
        assert_ne!(DomainName::of(&email("ada@mail.example.com")), name, "not what is below it");
        assert_eq!(DomainName::of(&email("ada@localhost")).as_str(), "localhost");
        assert_eq!(name.challenge(), "_tenon-challenge.example.com");
    }

    #[test]
    fn the_domains_of_providers_are_public() {
        assert!(DomainName::parse("GMail.com").unwrap().is_public());
        assert!(!DomainName::parse("example.com").unwrap().is_public());
        for public in DomainName::PUBLIC {
            assert_eq!(DomainName::parse(public).map(|name| name.to_string()), Ok((*public).to_owned()));
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_kept_as_it_was_parsed(raw in "[a-zA-Z0-9.\\-_ @\u{e9}]{0,40}") {
            if let Ok(name) = DomainName::parse(&raw) {
                prop_assert_eq!(DomainName::parse(name.as_str()).unwrap(), name.clone());
                prop_assert_eq!(name.as_str(), raw.trim().to_ascii_lowercase());
            }
        }
    }
}
