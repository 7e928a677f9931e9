use tenon_application::identity::PasskeyVerifier;
use url::Url;

use super::Finding;
use crate::composition::passkey_verifier;
use crate::config::Config;

/// Whether there is a domain that passkeys can be bound to. There need be none.
pub(super) fn check(config: &Config) -> Finding {
    let public_url = config.public_url(config.bind);
    let outcome = passkey_verifier(config, &public_url).map(|verifier| {
        let is_secure = |url: &Url| url.scheme() == "https" || url.domain() == Some("localhost");
        let public = Url::parse(&public_url).ok();
        let pages =
            if config.webauthn.origins.is_empty() { public.as_slice() } else { config.webauthn.origins.as_slice() };
        if !verifier.is_available() {
            format!("off: {public_url} has no domain that they could be bound to; set TENON_PUBLIC_URL")
        } else if !pages.iter().all(is_secure) {
            "on, but browsers offer them over https and on localhost only".to_owned()
        } else {
            "on".to_owned()
        }
    });
    let remedy = "set TENON_WEBAUTHN_RP_ID to the domain of the pages, and TENON_WEBAUTHN_ORIGINS to the pages of it";
    Finding::new("passkeys", outcome, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    fn said(variables: &[(&str, &str)]) -> Result<String, String> {
        let sources = Sources {
            variables: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            directory: "/nonexistent".into(),
            ..Sources::default()
        };
        check(&Config::load(&sources).unwrap()).outcome.map_err(|trouble| trouble.cause)
    }

    #[test]
    fn it_says_whether_there_are_any() {
        assert!(said(&[]).unwrap().starts_with("off: http://127.0.0.1:8080 has no domain"));
        assert_eq!(said(&[("TENON_PUBLIC_URL", "https://tenon.example.com")]).unwrap(), "on");
        assert_eq!(said(&[("TENON_PUBLIC_URL", "http://localhost:8080")]).unwrap(), "on");
        assert!(said(&[("TENON_PUBLIC_URL", "http://tenon.example.com")]).unwrap().contains("https"));
        let foreign = [("TENON_PUBLIC_URL", "https://tenon.example.com"), ("TENON_WEBAUTHN_RP_ID", "example.org")];
        assert!(said(&foreign).unwrap_err().contains("example.org"));
    }
}
