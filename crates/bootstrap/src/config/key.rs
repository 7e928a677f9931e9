//! The names of all settings.

use super::secret::redact_url;

/// A setting: `bind` in `tenon.toml`, `TENON_BIND` in the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) name: &'static str,
    shown: Shown,
}

/// How much of a value may be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Plain,
    Url,
    Never,
}

macro_rules! keys {
    ($($key:ident = $name:literal, $shown:ident;)+) => {
        $(pub(super) const $key: Key = Key { name: $name, shown: Shown::$shown };)+
        pub(super) const ALL: &[Key] = &[$($key),+];
    };
}

keys! {
    ADMISSION = "admission", Plain;
    BCRYPT_COST = "bcrypt_cost", Plain;
    BIND = "bind", Plain;
    CACHE = "cache", Plain;
    CORS_ORIGINS = "cors_origins", Plain;
    DATABASE_ACQUIRE_SECONDS = "database_acquire_seconds", Plain;
    DATABASE_MAX_CONNECTIONS = "database_max_connections", Plain;
    DATABASE_READ_URL = "database_read_url", Url;
    DATABASE_URL = "database_url", Url;
    DATA_DIR = "data_dir", Plain;
    DNS_SERVERS = "dns_servers", Plain;
    DRAIN_SECONDS = "drain_seconds", Plain;
    EMAIL_VERIFICATION = "email_verification", Plain;
    JWT_SECRET = "jwt_secret", Never;
    LOG = "log", Plain;
    LOG_FORMAT = "log_format", Plain;
    MAIL = "mail", Url;
    MAIL_FROM = "mail_from", Plain;
    MAX_CONCURRENCY = "max_concurrency", Plain;
    MIGRATION_DATABASE_URL = "migration_database_url", Url;
    OIDC_CALLBACK_URL = "oidc_callback_url", Url;
    OIDC_PROVIDERS = "oidc_providers", Never;
    OTLP_ENDPOINT = "otlp_endpoint", Url;
    OUTBOUND_PRIVATE = "outbound_private", Plain;
    PASSWORD_ALGORITHM = "password_algorithm", Plain;
    PUBLIC_URL = "public_url", Url;
    RATE_LIMITS = "rate_limits", Plain;
    RATE_LIMIT_ACCOUNT = "rate_limit_account", Plain;
    RATE_LIMIT_ANONYMOUS = "rate_limit_anonymous", Plain;
    RATE_LIMIT_AUTH = "rate_limit_auth", Plain;
    RATE_LIMIT_HEAVY = "rate_limit_heavy", Plain;
    RATE_LIMIT_MAIL = "rate_limit_mail", Plain;
    RATE_LIMIT_OPEN = "rate_limit_open", Plain;
    RATE_LIMIT_READ = "rate_limit_read", Plain;
    RATE_LIMIT_REFRESH = "rate_limit_refresh", Plain;
    RATE_LIMIT_WRITE = "rate_limit_write", Plain;
    REDELIVER_SECONDS = "redeliver_seconds", Plain;
    REDIS_CA = "redis_ca", Plain;
    REDIS_PREFIX = "redis_prefix", Plain;
    REDIS_URL = "redis_url", Url;
    SECRET_KEYS = "secret_keys", Never;
    SES_ENDPOINT = "ses_endpoint", Url;
    SES_REGION = "ses_region", Plain;
    SESSION_MAX_DAYS = "session_max_days", Plain;
    SHUTDOWN_SECONDS = "shutdown_seconds", Plain;
    SIGNING_KEYS = "signing_keys", Never;
    TENANCY = "tenancy", Plain;
    TLS_CERT = "tls_cert", Plain;
    TLS_KEY = "tls_key", Never;
    TOKEN_ISSUERS = "token_issuers", Plain;
    TRUSTED_PROXIES = "trusted_proxies", Plain;
    WEBAUTHN_ORIGINS = "webauthn_origins", Plain;
    WEBAUTHN_RP_ID = "webauthn_rp_id", Plain;
    WITH_WORKER = "with_worker", Plain;
    WORKER_BIND = "worker_bind", Plain;
    WORKER_CONCURRENCY = "worker_concurrency", Plain;
}

/// The prefix of every variable.
pub(super) const PREFIX: &str = "TENON_";
/// Names the configuration file; only in the environment.
pub(super) const CONFIG_VARIABLE: &str = "TENON_CONFIG";
/// Variables of the test suites, which the configuration leaves alone.
pub(super) const TEST_PREFIX: &str = "TENON_TEST_";

impl Key {
    pub(super) fn variable(self) -> String {
        format!("{PREFIX}{}", self.name.to_ascii_uppercase())
    }

    pub(super) fn redact(self, value: &str) -> String {
        match self.shown {
            Shown::Plain => format!("{value:?}"),
            // A word like `file` is no URL and no secret.
            Shown::Url if value.len() < 8 && value.chars().all(|c| c.is_ascii_alphanumeric()) => format!("{value:?}"),
            Shown::Url => redact_url(value),
            Shown::Never => "…".to_owned(),
        }
    }
}

/// The setting whose name is nearest to a misspelled one, if any is near.
pub(super) fn nearest(name: &str) -> Option<Key> {
    let (distance, key) = ALL.iter().map(|key| (edits(name, key.name), *key)).min_by_key(|(distance, _)| *distance)?;
    (distance <= 3).then_some(key)
}

/// The Levenshtein distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_the_setting_that_was_meant() {
        assert_eq!(nearest("databse_url"), Some(DATABASE_URL));
        assert_eq!(nearest("jwt_secert"), Some(JWT_SECRET));
        assert_eq!(nearest("something_else_entirely"), None);
    }

    #[test]
    fn secrets_are_redacted() {
        assert_eq!(JWT_SECRET.redact("hunter2"), "…");
        assert_eq!(MAIL.redact("flie"), "\"flie\"");
        assert_eq!(MAIL.redact("smtp://me:hunter2@mail"), "smtp://me:…@mail");
        assert_eq!(BIND.redact("nope"), "\"nope\"");
    }
}
