//! What only the composition knows how to check: mail, the data directory, the backlog.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tenon_application::events::Outbox;
use tenon_application::ports::{Clock, HealthCheck};
use tenon_infrastructure::clock::SystemClock;
use tenon_infrastructure::persistence::{Database, DatabaseHealth};
use tokio::net::TcpStream;
use url::Url;

use super::links::Links;
use crate::config::{Config, MailTransport};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// An event that waits longer tells that no worker runs, or that the workers cannot keep up.
const MAX_LAG: Duration = Duration::from_secs(60);

/// Whether something is kept in the data directory.
pub(super) fn uses_data_dir(config: &Config) -> bool {
    config.embedded() || config.mail.transport == MailTransport::Files
}

/// The server that mail is handed to, if there is one.
pub(crate) fn mail_endpoint(config: &Config) -> Option<(String, u16)> {
    let url = match &config.mail.transport {
        MailTransport::Files => return None,
        MailTransport::Smtp(url) => url.expose().to_owned(),
        MailTransport::Ses { endpoint: Some(endpoint), .. } => endpoint.clone(),
        // Without a region in the configuration the AWS environment names one, which is not known here.
        MailTransport::Ses { region, .. } => format!("https://email.{}.amazonaws.com", region.as_ref()?),
    };
    let url = Url::parse(&url).ok()?;
    let default_port = match url.scheme() {
        "smtp" => 25,
        "smtps" => 465,
        _ => url.port_or_known_default()?,
    };
    Some((url.host_str()?.to_owned(), url.port().unwrap_or(default_port)))
}

/// Whether a TCP connection can be opened.
pub(crate) async fn reach(host: &str, port: u16) -> Result<(), String> {
    match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no connection within {} s", CONNECT_TIMEOUT.as_secs())),
    }
}

/// All that is checked.
pub(super) fn checks(
    config: &Config,
    database: &Database,
    links: &Links,
    outbox: &Arc<dyn Outbox>,
) -> Vec<Arc<dyn HealthCheck>> {
    let mut checks: Vec<Arc<dyn HealthCheck>> = vec![Arc::new(DatabaseHealth(database.clone()))];
    checks.extend(links.health.clone());
    checks.push(Arc::new(MailHealth::new(config)));
    if uses_data_dir(config) {
        checks.push(Arc::new(StorageHealth { directory: config.data_dir.clone() }));
    }
    checks.push(Arc::new(OutboxHealth { outbox: outbox.clone(), clock: Arc::new(SystemClock) }));
    checks
}

/// Whether the mail service can be reached, or the mail directory written.
struct MailHealth {
    endpoint: Option<(String, u16)>,
    directory: Option<PathBuf>,
}

impl MailHealth {
    fn new(config: &Config) -> Self {
        let directory = (config.mail.transport == MailTransport::Files).then(|| config.mail_dir());
        Self { endpoint: mail_endpoint(config), directory }
    }
}

#[async_trait]
impl HealthCheck for MailHealth {
    fn name(&self) -> &'static str {
        "mail"
    }

    fn required(&self) -> bool {
        false
    }

    async fn check(&self) -> Result<(), String> {
        match (&self.endpoint, &self.directory) {
            (Some((host, port)), _) => reach(host, *port).await,
            (None, Some(directory)) => writable(directory).await,
            (None, None) => Ok(()),
        }
    }
}

/// Whether the data directory can be written.
struct StorageHealth {
    directory: PathBuf,
}

#[async_trait]
impl HealthCheck for StorageHealth {
    fn name(&self) -> &'static str {
        "storage"
    }

    fn required(&self) -> bool {
        false
    }

    async fn check(&self) -> Result<(), String> {
        writable(&self.directory).await
    }
}

/// Whether events reach their subscribers.
struct OutboxHealth {
    outbox: Arc<dyn Outbox>,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl HealthCheck for OutboxHealth {
    fn name(&self) -> &'static str {
        "outbox"
    }

    fn required(&self) -> bool {
        false
    }

    async fn check(&self) -> Result<(), String> {
        match self.outbox.backlog(self.clock.now()).await {
            Ok(backlog) if backlog.lag > MAX_LAG => Err(format!(
                "{} events wait, the oldest for {} s: is a worker running?",
                backlog.pending,
                backlog.lag.as_secs()
            )),
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::warn!(%error, "the backlog cannot be read");
                Err("the backlog cannot be read".to_owned())
            }
        }
    }
}

/// Only writing tells whether one can write: permissions do not know of full disks.
pub(crate) async fn writable(directory: &Path) -> Result<(), String> {
    let directory = directory.to_owned();
    let probe = move || -> io::Result<()> {
        fs::create_dir_all(&directory)?;
        let file = directory.join(format!(".probe-{}", std::process::id()));
        fs::write(&file, b"tenon")?;
        fs::remove_file(&file)
    };
    match tokio::task::spawn_blocking(probe).await {
        Ok(outcome) => outcome.map_err(|error| format!("it cannot be written: {error}")),
        Err(error) => Err(error.to_string()),
    }
}
