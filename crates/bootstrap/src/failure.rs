use std::io;
use std::path::PathBuf;

use tenon_application::ports::QueueError;
use tenon_application::{AppError, StoreError};
use tenon_infrastructure::mail::MailSetupError;
use tenon_infrastructure::outbound::OutboundError;
use tenon_infrastructure::persistence::backup::BackupError;
use tenon_infrastructure::redis_link::RedisLinkError;
use tenon_infrastructure::security::SecurityError;
use tenon_infrastructure::telemetry::{MetricsError, TelemetryError};
use tenon_infrastructure::tls::TlsError;

use crate::config::ConfigError;

/// Why a command did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    Config(#[from] ConfigError),
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    #[error("the database schema is out of date ({0} migrations are pending); run: tenon migrate up")]
    PendingMigrations(usize),
    #[error("migrating the database: {0}")]
    Migration(String),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error("mail: {0}")]
    Mail(#[from] MailSetupError),
    #[error(transparent)]
    Redis(#[from] RedisLinkError),
    #[error("security: {0}")]
    Security(#[from] SecurityError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("calling other servers: {0}")]
    Outbound(#[from] OutboundError),
    #[error("telemetry: {0}")]
    Telemetry(#[from] TelemetryError),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error("the data directory {}: {error}", path.display())]
    DataDirectory { path: PathBuf, error: io::Error },
    #[error("the signing key: {0}")]
    SigningKey(io::Error),
    #[error("listening on {address}: {error}")]
    Listen { address: String, error: io::Error },
    #[error("the public address: {0}")]
    PublicUrl(#[from] url::ParseError),
    #[error("the server: {0}")]
    Server(io::Error),
    #[error("the worker ended by itself; the log says why")]
    WorkerEnded,
    #[error(transparent)]
    App(#[from] AppError),
    #[error("{failed} of {all} checks failed")]
    Doctor { failed: usize, all: usize },
    #[error("{0} secrets cannot be decrypted, and are as they were: their keys are not in TENON_SECRET_KEYS")]
    UnreadableSecrets(u64),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(
        "this is for the embedded database in a file; {0} has tools of its own: see docs/operations/runbooks/restore.md"
    )]
    NotEmbedded(&'static str),
    #[error("a task of the process broke: {0}")]
    Task(#[from] tokio::task::JoinError),
    #[error("starting: {0}")]
    Io(#[from] io::Error),
}

impl Failure {
    /// The exit code: 2 for the configuration and the files that it names, 1 for everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Tls(_) | Self::Redis(RedisLinkError::Authorities { .. }) => 2,
            _ => 1,
        }
    }
}
