//! From texts to the typed configuration.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;
use tenon_application::Tenancy;
use tenon_application::identity::EmailVerification;
use tenon_infrastructure::outbound::OutboundPolicy;
use tenon_infrastructure::security::IssuerSettings;
use tenon_infrastructure::telemetry::{LogFormat, LogSettings, check_filter};
use url::Url;

use super::database::database;
use super::dns_servers::dns_servers;
use super::key;
use super::oidc_providers::oidc_providers;
use super::rate_quotas::rate_quotas;
use super::reader::Reader;
use super::secret_keys::secret_keys;
use super::signing_keys::signing_key_files;
use super::tls::{path, tls_files};
use super::trusted_proxies::trusted_proxies;
use super::webauthn::webauthn;
use super::{
    Config, ConfigError, DatabaseKind, JwtSecret, MailConfig, MailTransport, PasswordAlgorithm, PasswordConfig,
    RedisConfig, Secret, Sources, jwt_secret, sources,
};

const DEFAULT_BIND: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);
const DEFAULT_FROM: &str = "Tenon <tenon@localhost>";

pub(super) fn build(sources: &Sources) -> Result<Config, ConfigError> {
    let (entries, problems) = sources::gather(sources)?;
    let mut reader = Reader::new(entries, problems);
    let data_dir = PathBuf::from(reader.text(key::DATA_DIR).unwrap_or_else(|| "./data".to_owned()));
    let redis = redis(&mut reader);
    let database = database(&mut reader, &data_dir, redis.is_some());
    // A process without siblings has no balancer in front of it that would need the time.
    let default_drain = if database.kind == DatabaseKind::Sqlite { 0 } else { 5 };
    let (outbound, outbound_of_organizations) = outbound(&mut reader);
    let config = Config {
        bind: reader.parse(key::BIND, address).unwrap_or(DEFAULT_BIND),
        tls: tls_files(&mut reader),
        public_url: public_url(&mut reader),
        redis,
        cache: reader.switch(key::CACHE, true),
        tenancy: reader.choice(key::TENANCY, &[("multi", Tenancy::Multi), ("single", Tenancy::Single)], Tenancy::Multi),
        mail: mail(&mut reader),
        jwt_secret: signing_key(&mut reader, &data_dir, database.kind),
        secret_keys: reader.parse(key::SECRET_KEYS, secret_keys).unwrap_or_default(),
        signing_keys: reader.parse(key::SIGNING_KEYS, signing_key_files).unwrap_or_default(),
        token_issuers: reader
            .parse(key::TOKEN_ISSUERS, |text| IssuerSettings::parse_all(text).map_err(|error| error.to_string()))
            .unwrap_or_default(),
        outbound,
        outbound_of_organizations,
        oidc_providers: reader.parse(key::OIDC_PROVIDERS, |text| oidc_providers(text, outbound)).unwrap_or_default(),
        oidc_callback_url: reader
            .url(key::OIDC_CALLBACK_URL, &["http", "https"], "https://tenon.example.com/api/v1/auth/oidc")
            .map(|url| url.to_string()),
        passwords: passwords(&mut reader),
        email_verification: email_verification(&mut reader),
        session_max_age: TimeDelta::days(reader.number(key::SESSION_MAX_DAYS, 1..=3650, 90)),
        dns_servers: reader.parse(key::DNS_SERVERS, dns_servers).unwrap_or_default(),
        rate_limits: reader.switch(key::RATE_LIMITS, true),
        rate_quotas: rate_quotas(&mut reader),
        max_concurrency: admission(&mut reader),
        cors_origins: reader.parse(key::CORS_ORIGINS, origins).unwrap_or_default(),
        trusted_proxies: reader.parse(key::TRUSTED_PROXIES, trusted_proxies).unwrap_or_default(),
        webauthn: webauthn(&mut reader),
        log: log(&mut reader),
        otlp_endpoint: reader
            .url(key::OTLP_ENDPOINT, &["http", "https"], "http://collector:4318")
            .map(|url| url.to_string()),
        worker_bind: reader.parse(key::WORKER_BIND, address),
        worker_concurrency: reader.number(key::WORKER_CONCURRENCY, 1..=1024, 16),
        drain: Duration::from_secs(reader.number(key::DRAIN_SECONDS, 0..=600, default_drain)),
        redeliver_after: Duration::from_secs(reader.number(key::REDELIVER_SECONDS, 1..=3600, 120)),
        with_worker: reader.switch(key::WITH_WORKER, false),
        shutdown: Duration::from_secs(reader.number(key::SHUTDOWN_SECONDS, 1..=600, 20)),
        data_dir,
        database,
    };
    reader.finish()?;
    Ok(config)
}

/// Admission control is on unless it is switched off.
fn admission(reader: &mut Reader) -> Option<usize> {
    let max_concurrency = reader.number(key::MAX_CONCURRENCY, 1..=10_000, 256);
    reader.switch(key::ADMISSION, true).then_some(max_concurrency)
}

/// Which servers may be called that the operator has named, and which of those that organizations name.
fn outbound(reader: &mut Reader) -> (OutboundPolicy, OutboundPolicy) {
    use OutboundPolicy::{Anywhere, PublicOnly};
    let choices =
        [("off", (PublicOnly, PublicOnly)), ("on", (Anywhere, PublicOnly)), ("tenants", (Anywhere, Anywhere))];
    reader.choice(key::OUTBOUND_PRIVATE, &choices, (PublicOnly, PublicOnly))
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let resolved = text.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    resolved.ok_or_else(|| "write an address and a port, such as 127.0.0.1:8080".to_owned())
}

fn public_url(reader: &mut Reader) -> Option<String> {
    let url = reader.url(key::PUBLIC_URL, &["http", "https"], "https://tenon.example.com")?;
    if url.query().is_some() || url.fragment().is_some() {
        reader.refuse(key::PUBLIC_URL, "write the address without ? and #");
    }
    Some(url.as_str().trim_end_matches('/').to_owned())
}

fn redis(reader: &mut Reader) -> Option<RedisConfig> {
    let prefix = reader.parse(key::REDIS_PREFIX, |text| {
        let fits = text.len() <= 40 && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if fits { Ok(text.to_owned()) } else { Err("write up to 40 letters, digits, -, _ and .".to_owned()) }
    });
    let authorities = path(reader, key::REDIS_CA);
    let url = reader.url(key::REDIS_URL, &["redis", "rediss"], "redis://localhost:6379");
    if authorities.is_some() && url.as_ref().is_none_or(|url| url.scheme() != "rediss") {
        reader.refuse(key::REDIS_CA, "it is for TLS: write rediss:// in TENON_REDIS_URL");
    }
    Some(RedisConfig { url: Secret::new(url?), prefix: prefix.unwrap_or_else(|| "tenon".to_owned()), authorities })
}

fn mail(reader: &mut Reader) -> MailConfig {
    let endpoint = reader.url(key::SES_ENDPOINT, &["http", "https"], "http://localhost:5000");
    let region = reader.text(key::SES_REGION);
    let transport = reader.parse(key::MAIL, |text| match text {
        "file" => Ok(MailTransport::Files),
        "ses" => Ok(MailTransport::Ses { endpoint: endpoint.as_ref().map(Url::to_string), region: region.clone() }),
        _ => match Url::parse(text) {
            Ok(url) if ["smtp", "smtps"].contains(&url.scheme()) && url.has_host() => {
                Ok(MailTransport::Smtp(Secret::new(text)))
            }
            _ => Err("write file, ses, or smtp://user:password@host:port".to_owned()),
        },
    });
    let transport = transport.unwrap_or(MailTransport::Files);
    let from = reader.parse(key::MAIL_FROM, |text| {
        let address = text.rsplit_once('<').map_or(text, |(_, address)| address.trim_end_matches('>'));
        let parsed = tenon_domain::identity::Email::read(address);
        parsed.map(|_| text.to_owned()).map_err(|_| "write an address, such as Tenon <tenon@example.com>".to_owned())
    });
    if from.is_none() && transport != MailTransport::Files && reader.text(key::MAIL_FROM).is_none() {
        reader.missing(key::MAIL_FROM, "set it to the sender of emails, such as Tenon <tenon@example.com>");
    }
    MailConfig { from: from.unwrap_or_else(|| DEFAULT_FROM.to_owned()), transport }
}

fn signing_key(reader: &mut Reader, data_dir: &Path, kind: DatabaseKind) -> JwtSecret {
    let remedy = format!("write at least {} random characters: openssl rand -hex 32", jwt_secret::MIN_CHARS);
    let given = reader.parse(key::JWT_SECRET, |text| {
        let long_enough = text.chars().count() >= jwt_secret::MIN_CHARS;
        if long_enough { Ok(Secret::new(text)) } else { Err(remedy.clone()) }
    });
    if given.is_none() && kind != DatabaseKind::Sqlite && reader.text(key::JWT_SECRET).is_none() {
        reader.missing(key::JWT_SECRET, format!("set it, the same on every instance; {remedy}"));
    }
    given.map_or_else(|| JwtSecret::InFile(data_dir.join("jwt.secret")), JwtSecret::Given)
}

fn passwords(reader: &mut Reader) -> PasswordConfig {
    let algorithms = [("bcrypt", PasswordAlgorithm::Bcrypt), ("argon2id", PasswordAlgorithm::Argon2id)];
    PasswordConfig {
        algorithm: reader.choice(key::PASSWORD_ALGORITHM, &algorithms, PasswordAlgorithm::Bcrypt),
        bcrypt_cost: reader.number(key::BCRYPT_COST, 4..=16, 12),
    }
}

fn email_verification(reader: &mut Reader) -> EmailVerification {
    let choices = [("off", EmailVerification::Off), ("required", EmailVerification::Required)];
    reader.choice(key::EMAIL_VERIFICATION, &choices, EmailVerification::Off)
}

pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
    let remedy = || "write origins separated by commas, such as https://app.example.com".to_owned();
    let parse = |raw: &str| {
        let url = Url::parse(raw).map_err(|_| remedy())?;
        let origin = url.origin().ascii_serialization();
        let is_origin = matches!(url.scheme(), "http" | "https") && raw.trim_end_matches('/') == origin;
        if is_origin { Ok(origin) } else { Err(remedy()) }
    };
    text.split(',').map(str::trim).filter(|raw| !raw.is_empty()).map(parse).collect()
}

fn log(reader: &mut Reader) -> LogSettings {
    let formats = [("pretty", LogFormat::Pretty), ("json", LogFormat::Json)];
    let directives = reader.parse(key::LOG, |text| {
        let cause = check_filter(text).err();
        cause.map_or(Ok(text.to_owned()), |cause| {
            Err(format!("write a level, or levels by module such as info,tenon_worker=debug ({cause})"))
        })
    });
    LogSettings {
        directives: directives.unwrap_or_else(|| "info".to_owned()),
        format: reader.choice(key::LOG_FORMAT, &formats, LogFormat::Pretty),
    }
}
