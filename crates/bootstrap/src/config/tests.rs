mod issuers;
mod transport;

use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn sources(variables: &[(&str, &str)]) -> Sources {
    Sources {
        variables: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        directory: PathBuf::from("/nonexistent"),
        ..Sources::default()
    }
}

fn load(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::load(&sources(variables))
}

fn message(variables: &[(&str, &str)]) -> String {
    load(variables).unwrap_err().to_string()
}

#[test]
fn nothing_set_is_the_embedded_deployment() {
    let config = load(&[]).unwrap();
    assert_eq!(config.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(config.public_url(config.bind), "http://127.0.0.1:8080");
    assert_eq!(config.database.url.expose(), "sqlite://./data/tenon.db");
    assert_eq!(config.jwt_secret, JwtSecret::InFile(PathBuf::from("./data/jwt.secret")));
    assert_eq!(config.mail.transport, MailTransport::Files);
    assert_eq!(config.passwords.bcrypt_cost, 12);
    assert_eq!(config.email_verification, EmailVerification::Off);
    assert_eq!(config.shutdown, Duration::from_secs(20));
    assert_eq!(config.worker_bind, None, "a worker listens only when it is told to");
    assert!(config.embedded() && config.runs_worker() && config.rate_limits && config.cache && config.redis.is_none());
    assert_eq!(config.max_concurrency, Some(256));
    assert_eq!((config.tls, config.rate_quotas), (None, RateLimits::default()));
    assert!(config.trusted_proxies.is_empty(), "nobody is believed who was not named");
    assert_eq!((config.webauthn.rp_id, config.webauthn.origins.len()), (None, 0));
    assert!(config.token_issuers.is_empty() && config.outbound == OutboundPolicy::PublicOnly);
    assert_eq!(config.outbound_of_organizations, OutboundPolicy::PublicOnly);
    assert_eq!(config.session_max_age, TimeDelta::days(90));
    assert_eq!(config.passwords.weakness(), None);
    assert!(config.dns_servers.is_empty(), "the machine knows whom to ask");
}

#[test]
fn a_production_deployment_is_read() {
    let config = load(&[
        ("TENON_BIND", "0.0.0.0:80"),
        ("TENON_DATABASE_URL", "postgres://tenon:pw@db/tenon"),
        ("TENON_DATABASE_READ_URL", "postgres://tenon:pw@replica/tenon"),
        ("TENON_DATABASE_MAX_CONNECTIONS", "40"),
        ("TENON_REDIS_URL", "redis://cache:6379/1"),
        ("TENON_CACHE", "off"),
        ("TENON_JWT_SECRET", SECRET),
        ("TENON_MAIL", "ses"),
        ("TENON_MAIL_FROM", "Tenon <tenon@example.com>"),
        ("TENON_SES_REGION", "eu-central-1"),
        ("TENON_PUBLIC_URL", "https://tenon.example.com/"),
        ("TENON_CORS_ORIGINS", "https://app.example.com, http://localhost:3000"),
        ("TENON_TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::1"),
        ("TENON_WEBAUTHN_RP_ID", "example.com"),
        ("TENON_WEBAUTHN_ORIGINS", "https://app.example.com, https://tenon.example.com"),
        ("TENON_RATE_LIMITS", "off"),
        ("TENON_RATE_LIMIT_READ", "10000/1m"),
        ("TENON_TLS_CERT", "/run/tls/tenon.pem"),
        ("TENON_TLS_KEY", "/run/tls/tenon.key"),
        ("TENON_ADMISSION", "off"),
        ("TENON_TENANCY", "single"),
        ("TENON_EMAIL_VERIFICATION", "required"),
        ("TENON_DNS_SERVERS", "192.0.2.53,[2001:db8::53]:5353"),
        ("TENON_WORKER_BIND", "0.0.0.0:9100"),
        ("TENON_TEST_DATABASE_URL", "ignored"),
    ])
    .unwrap();
    assert_eq!(config.database.kind, DatabaseKind::Postgres);
    assert_eq!(config.database.max_connections, 40);
    assert_eq!(config.redis.as_ref().unwrap().prefix, "tenon");
    assert_eq!(config.jwt_secret.obtain().unwrap().expose(), SECRET);
    assert_eq!(config.public_url(config.bind), "https://tenon.example.com");
    assert_eq!(config.cors_origins, ["https://app.example.com", "http://localhost:3000"]);
    let proxies: Vec<_> = config.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["10.0.0.0/8", "2001:db8::1/128"]);
    let pages: Vec<_> = config.webauthn.origins.iter().map(|url| url.as_str()).collect();
    assert_eq!(pages, ["https://app.example.com/", "https://tenon.example.com/"]);
    assert_eq!(config.webauthn.rp_id.as_deref(), Some("example.com"));
    assert_eq!(config.tenancy, Tenancy::Single);
    assert_eq!(config.email_verification, EmailVerification::Required);
    assert_eq!(
        config.dns_servers,
        ["192.0.2.53:53", "[2001:db8::53]:5353"].map(|it| it.parse::<SocketAddr>().unwrap())
    );
    assert_eq!(config.worker_bind, Some("0.0.0.0:9100".parse().unwrap()));
    assert!(!config.rate_limits && !config.cache && config.max_concurrency.is_none());
    let RateLimits { read, write, .. } = config.rate_quotas;
    assert_eq!((read.quota, write), (10_000, RateLimits::default().write));
    let key = PathBuf::from("/run/tls/tenon.key");
    assert_eq!(config.tls, Some(TlsFiles { certificates: PathBuf::from("/run/tls/tenon.pem"), key }));
    assert!(!config.embedded() && !config.runs_worker());
    let region = Some("eu-central-1".to_owned());
    assert_eq!(config.mail.transport, MailTransport::Ses { endpoint: None, region });
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_nothing_secret() {
    let text = message(&[
        ("TENON_BIND", "everywhere"),
        ("TENON_DATABASE_URL", "oracle://tenon:hunter2@db/tenon"),
        ("TENON_JWT_SECRET", "hunter2"),
        ("TENON_BCRYPT_COST", "31"),
        ("TENON_WORKER_BIND", "9100"),
        ("TENON_LOG", "tenon=loudly"),
        ("TENON_CORS_ORIGINS", "*"),
        ("TENON_TRUSTED_PROXIES", "10.0.0.1, everybody"),
        ("TENON_WEBAUTHN_RP_ID", "https://example.com"),
        ("TENON_WEBAUTHN_ORIGINS", "example.com"),
        ("TENON_DNS_SERVERS", "dns.example.com"),
        ("TENON_DATABSE_URL", "postgres://tenon:hunter2@db/tenon"),
    ]);
    assert!(text.starts_with("the configuration has 12 problems:"), "{text}");
    assert!(text.contains("TENON_BIND = \"everywhere\" (environment): write an address and a port"), "{text}");
    assert!(text.contains("TENON_DATABASE_URL = oracle://tenon:…@db/tenon (environment): write sqlite://"), "{text}");
    assert!(text.contains("TENON_WORKER_BIND = \"9100\" (environment): write an address and a port"), "{text}");
    assert!(text.contains("TENON_TRUSTED_PROXIES = \"10.0.0.1, everybody\" (environment): write addresses"), "{text}");
    assert!(text.contains("TENON_WEBAUTHN_RP_ID = \"https://example.com\" (environment): write a domain"), "{text}");
    assert!(text.contains("TENON_WEBAUTHN_ORIGINS = \"example.com\" (environment): write origins"), "{text}");
    assert!(text.contains("TENON_DNS_SERVERS = \"dns.example.com\" (environment): write addresses"), "{text}");
    assert!(text.contains("TENON_BCRYPT_COST = \"31\" (environment): write a number from 4 to 16"), "{text}");
    assert!(
        text.contains("TENON_DATABSE_URL (environment): there is no such setting; did you mean TENON_DATABASE_URL?")
    );
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn mysql_needs_redis_and_servers_need_a_shared_secret() {
    let text = message(&[("TENON_DATABASE_URL", "mysql://root@localhost/tenon")]);
    assert!(text.contains("TENON_REDIS_URL: set it"), "{text}");
    assert!(text.contains("the job queue needs Redis"), "{text}");
    assert!(text.contains("TENON_JWT_SECRET: set it, the same on every instance"), "{text}");
    let complete = [
        ("TENON_DATABASE_URL", "mariadb://root@localhost/tenon"),
        ("TENON_REDIS_URL", "redis://localhost"),
        ("TENON_JWT_SECRET", SECRET),
    ];
    assert_eq!(load(&complete).unwrap().database.url.expose(), "mysql://root@localhost/tenon");
}

#[test]
fn a_replica_is_of_the_same_kind() {
    let text = message(&[
        ("TENON_DATABASE_URL", "postgres://db/tenon"),
        ("TENON_DATABASE_READ_URL", "mysql://db/tenon"),
        ("TENON_JWT_SECRET", SECRET),
    ]);
    assert!(text.contains("TENON_DATABASE_READ_URL = mysql://db/tenon"), "{text}");
    let text = message(&[("TENON_DATABASE_READ_URL", "sqlite://other.db")]);
    assert!(text.contains("SQLite has no replicas"), "{text}");
}

#[test]
fn the_schema_may_belong_to_another_role() {
    let alone = [("TENON_DATABASE_URL", "postgres://tenon@db/tenon"), ("TENON_JWT_SECRET", SECRET)];
    assert_eq!(load(&alone).unwrap().database.migration_url().expose(), "postgres://tenon@db/tenon");
    let with = |url| load(&[alone[0], alone[1], ("TENON_MIGRATION_DATABASE_URL", url)]);
    let config = with("postgres://tenon_owner@db/tenon").unwrap();
    assert_eq!(config.database.migration_url().expose(), "postgres://tenon_owner@db/tenon");
    let text = with("mysql://root:hunter2@db/tenon").unwrap_err().to_string();
    assert!(text.contains("TENON_MIGRATION_DATABASE_URL = mysql://root:…@db/tenon"), "{text}");
    let text = message(&[("TENON_MIGRATION_DATABASE_URL", "sqlite://other.db")]);
    assert!(text.contains("SQLite has no roles"), "{text}");
}

#[test]
fn sending_mail_needs_a_sender() {
    let text = message(&[("TENON_MAIL", "smtp://user:hunter2@mail.example.com")]);
    assert!(text.contains("TENON_MAIL_FROM: set it"), "{text}");
    let text = message(&[("TENON_MAIL", "pigeon"), ("TENON_MAIL_FROM", "nobody")]);
    assert!(text.contains("TENON_MAIL = \"pigeon\"") && text.contains("TENON_MAIL_FROM = \"nobody\""), "{text}");
}

#[test]
fn the_file_is_overruled_by_variables_and_those_by_the_command_line() {
    let directory = tempfile::tempdir().unwrap();
    let file =
        "bind = \"127.0.0.1:1\"\nworker_concurrency = 3\nrate_limits = false\ncors_origins = [\"https://a.example\"]\n";
    std::fs::write(directory.path().join("tenon.toml"), file).unwrap();
    let mut sources = sources(&[("TENON_BIND", "127.0.0.1:2"), ("TENON_DATA_DIR", "")]);
    sources.directory = directory.path().to_owned();
    sources.presets = vec![("bcrypt_cost", "6".to_owned()), ("worker_concurrency", "9".to_owned())];
    let config = Config::load(&sources).unwrap();
    assert_eq!(config.bind.port(), 2);
    assert_eq!(config.worker_concurrency, 3);
    assert_eq!(config.passwords.bcrypt_cost, 6);
    assert_eq!(config.data_dir, PathBuf::from("./data"), "an empty variable counts as absent");
    assert!(!config.rate_limits);
    assert_eq!(config.cors_origins, ["https://a.example"]);
    sources.overrides = vec![("bind", "127.0.0.1:4".to_owned())];
    assert_eq!(Config::load(&sources).unwrap().bind.port(), 4);
}

#[test]
fn the_file_is_checked_like_the_variables() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("other.toml");
    std::fs::write(&path, "bnd = \"127.0.0.1:1\"\nlog_format = \"xml\"\n[database]\nurl = \"sqlite://x\"\n").unwrap();
    let path = path.display().to_string();
    let text = message(&[("TENON_CONFIG", &path)]);
    assert!(text.contains("there is no such setting; did you mean bind?"), "{text}");
    assert!(text.contains("log_format = \"xml\"") && text.contains("write pretty or json"), "{text}");
    assert!(text.contains("\n  database (") && text.contains("other.toml"), "{text}");

    std::fs::write(&path, "bind = \n").unwrap();
    assert!(message(&[("TENON_CONFIG", &path)]).contains("correct what the parser stumbles over"));
    assert!(message(&[("TENON_CONFIG", "missing.toml")]).contains("path of an existing file"));
}

#[test]
fn the_public_url_is_one_that_can_be_opened() {
    let config = load(&[("TENON_BIND", "0.0.0.0:0")]).unwrap();
    assert_eq!(config.public_url("0.0.0.0:4321".parse().unwrap()), "http://127.0.0.1:4321");
    assert_eq!(config.public_url("[::]:4321".parse().unwrap()), "http://[::1]:4321");
}
