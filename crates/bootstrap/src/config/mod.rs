//! Configuration: read once at start, checked as a whole, typed from then on.
//!
//! Presets of a command < `tenon.toml` < `TENON_…` variables < the command line. Everything that is wrong is reported
//! at once; secrets are never printed.

mod build;
mod database;
mod dns_servers;
mod jwt_secret;
mod key;
mod oidc_providers;
mod problem;
mod rate_quotas;
mod reader;
mod secret;
mod secret_keys;
mod signing_keys;
mod sources;
mod tls;
mod trusted_proxies;
mod webauthn;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use ipnet::IpNet;
use tenon_application::Tenancy;
use tenon_application::identity::{DeploymentProvider, EmailVerification};
use tenon_infrastructure::outbound::OutboundPolicy;
use tenon_infrastructure::persistence::backup::database_file;
use tenon_infrastructure::security::{IssuerSettings, SecretKey, WebauthnSettings};
use tenon_infrastructure::telemetry::LogSettings;
use tenon_interface::http::RateLimits;

pub use self::jwt_secret::JwtSecret;
pub use self::problem::{ConfigError, Problem};
pub use self::secret::{Secret, redact_url};
pub use self::signing_keys::SigningKeyFiles;
pub use self::sources::Sources;
pub use self::tls::TlsFiles;

/// The whole configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub bind: SocketAddr,
    /// Where they are set, the API is served with TLS and nothing else.
    pub tls: Option<TlsFiles>,
    /// Without a slash at the end; derived from the address when it is not set.
    pub public_url: Option<String>,
    pub data_dir: PathBuf,
    pub database: DatabaseConfig,
    pub redis: Option<RedisConfig>,
    /// Whether single entities are read through the cache.
    pub cache: bool,
    pub tenancy: Tenancy,
    pub mail: MailConfig,
    pub jwt_secret: JwtSecret,
    /// What stored secrets are encrypted with, the newest first; without any, a key derived from the secret above.
    pub secret_keys: Vec<SecretKey>,
    /// What access tokens are signed with; without any, a key derived from the secret above.
    pub signing_keys: SigningKeyFiles,
    /// Others whose access tokens are taken.
    pub token_issuers: Vec<IssuerSettings>,
    /// Which servers that the operator has named are called.
    pub outbound: OutboundPolicy,
    /// Which of those that organizations name.
    pub outbound_of_organizations: OutboundPolicy,
    /// Identity providers of the whole deployment.
    pub oidc_providers: Vec<DeploymentProvider>,
    /// Below which providers send browsers back; below the public address when it is not set.
    pub oidc_callback_url: Option<String>,
    pub passwords: PasswordConfig,
    pub email_verification: EmailVerification,
    /// The age at which sessions end, however often they are refreshed.
    pub session_max_age: TimeDelta,
    /// Who is asked for the records that prove domains; where none is named, those that the machine asks.
    pub dns_servers: Vec<SocketAddr>,
    /// Whether requests are counted.
    pub rate_limits: bool,
    pub rate_quotas: RateLimits,
    /// How many reads, and how many writes, may run at a time; `None` for as many as come.
    pub max_concurrency: Option<usize>,
    pub cors_origins: Vec<String>,
    /// Proxies that are believed about where a request comes from.
    pub trusted_proxies: Vec<IpNet>,
    /// What passkeys are bound to; without it, the domain of the public address.
    pub webauthn: WebauthnSettings,
    pub log: LogSettings,
    pub otlp_endpoint: Option<String>,
    /// Where `tenon-worker` answers health checks and metrics; nowhere when it is not set.
    pub worker_bind: Option<SocketAddr>,
    pub worker_concurrency: usize,
    /// After how long an event is handed out again whose effects have not all arrived.
    pub redeliver_after: Duration,
    /// Whether `serve` runs the worker too. Always so when embedded.
    pub with_worker: bool,
    /// How long the API goes on after it was told to stop, so that balancers notice.
    pub drain: Duration,
    /// How long requests and jobs may take to finish at shutdown.
    pub shutdown: Duration,
}

/// The databases Tenon runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    Sqlite,
    Postgres,
    MySql,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseConfig {
    pub kind: DatabaseKind,
    pub url: Secret,
    pub read_url: Option<Secret>,
    /// The same database, as the role that owns its tables.
    pub migration_url: Option<Secret>,
    pub max_connections: u32,
    /// How long a request waits for a connection before it is answered with 503.
    pub acquire_timeout: Duration,
}

impl DatabaseConfig {
    /// Where to change the schema.
    pub fn migration_url(&self) -> &Secret {
        self.migration_url.as_ref().unwrap_or(&self.url)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisConfig {
    pub url: Secret,
    /// In front of every key, so that several deployments can share a server.
    pub prefix: String,
    /// The file (PEM) of those who sign its certificate, if they are not whom the machine trusts.
    pub authorities: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailConfig {
    /// `Name <address>` or an address.
    pub from: String,
    pub transport: MailTransport,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailTransport {
    /// `.eml` files in the data directory.
    Files,
    Smtp(Secret),
    Ses {
        endpoint: Option<String>,
        region: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordConfig {
    pub algorithm: PasswordAlgorithm,
    pub bcrypt_cost: u32,
}

impl PasswordConfig {
    /// What OWASP's password storage cheat sheet asks for at least.
    pub const MIN_BCRYPT_COST: u32 = 10;

    /// Why new hashes are easier to break than they should be, if they are. Tests and demos want them so.
    pub fn weakness(&self) -> Option<String> {
        let (cost, least) = (self.bcrypt_cost, Self::MIN_BCRYPT_COST);
        let is_weak = self.algorithm == PasswordAlgorithm::Bcrypt && cost < least;
        is_weak
            .then(|| format!("bcrypt with a cost of {cost} is for tests: TENON_BCRYPT_COST should be {least} or more"))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordAlgorithm {
    Bcrypt,
    Argon2id,
}

impl Config {
    /// Reads and checks the configuration.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        build::build(sources)
    }

    /// Everything in one process and one directory.
    pub fn embedded(&self) -> bool {
        self.database.kind == DatabaseKind::Sqlite
    }

    /// Whether this process runs the worker beside the API.
    pub fn runs_worker(&self) -> bool {
        self.embedded() || self.with_worker
    }

    /// The public address, given the one the server listens on.
    pub fn public_url(&self, listening: SocketAddr) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("{}://{}", self.scheme(), reachable(listening)))
    }

    /// What the server itself speaks.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// The file of the embedded database.
    pub fn database_file(&self) -> Option<PathBuf> {
        if self.embedded() { database_file(self.database.url.expose()) } else { None }
    }

    /// Where the embedded queue is.
    pub fn queue_file(&self) -> PathBuf {
        self.data_dir.join("queue.db")
    }

    /// Where the secret is made when none is given.
    pub fn secret_file(&self) -> PathBuf {
        self.data_dir.join("jwt.secret")
    }

    /// Where file mail is written.
    pub fn mail_dir(&self) -> PathBuf {
        self.data_dir.join("mail")
    }
}

/// An address that a browser on this machine can open: "all interfaces" is none.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests;
