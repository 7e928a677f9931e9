use std::fmt;

use url::Url;

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text without its password, when it is a URL; nothing of it otherwise.
    pub fn redacted(&self) -> String {
        redact_url(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A URL without its password and its parameters, either of which may hold a secret. What is no URL is not shown.
pub fn redact_url(raw: &str) -> String {
    let Ok(mut url) = Url::parse(raw) else { return "…".to_owned() };
    if url.password().is_some() && url.set_password(Some("…")).is_err() {
        return "…".to_owned();
    }
    if url.query().is_some() {
        url.set_query(Some("…"));
    }
    url.to_string().replace("%E2%80%A6", "…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_nothing() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "… Secret(…)");
        assert_eq!(secret.redacted(), "…");
    }

    #[test]
    fn a_url_is_shown_without_its_password() {
        let shown = redact_url("postgres://app:hunter2@db.example:5432/tenon?sslmode=require&password=hunter2");
        assert_eq!(shown, "postgres://app:…@db.example:5432/tenon?…");
        assert_eq!(redact_url("redis://:hunter2@cache/0"), "redis://:…@cache/0");
        assert_eq!(redact_url("not a url: hunter2"), "…");
    }
}
