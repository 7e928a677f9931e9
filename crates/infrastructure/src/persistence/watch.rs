//! Knowing that a database server is away before a request finds out.
//!
//! A connection of its own asks all the time, so that a full pool is not mistaken for a dead server, and a server that
//! says nothing (a frozen one, or a line that swallows all) is noticed as soon as one that refuses. sqlx itself would
//! wait for an answer for as long as the kernel believes in the connection: a quarter of an hour.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::mysql::MySqlConnectOptions;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::{self, ConnectOptions, Connection};
use tenon_application::StoreError;
use tenon_application::ports::Availability;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// Together they bound how long a request waits for a server that has stopped to answer: 1.5 s.
const EVERY: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a server that is away is asked whether it is back.
const EVERY_WHILE_AWAY: Duration = Duration::from_millis(200);

/// Watches a server until its last clone is dropped.
#[derive(Clone, Debug)]
pub(super) struct DatabaseWatch {
    availability: Availability,
    _watching: Option<Arc<AbortOnDropHandle<()>>>,
}

impl DatabaseWatch {
    /// Needs a Tokio runtime. A file needs no watch.
    pub(super) fn start(url: &str) -> Result<Self, StoreError> {
        let (told, availability) = Availability::watched();
        let watching = match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("postgres" | "postgresql") => {
                tokio::spawn(watch(PgConnectOptions::from_str(url).map_err(bad_url)?, told))
            }
            Some("mysql" | "mariadb") => {
                tokio::spawn(watch(MySqlConnectOptions::from_str(url).map_err(bad_url)?, told))
            }
            _ => return Ok(Self { availability: Availability::always(), _watching: None }),
        };
        Ok(Self { availability, _watching: Some(Arc::new(AbortOnDropHandle::new(watching))) })
    }

    pub(super) fn availability(&self) -> &Availability {
        &self.availability
    }
}

fn bad_url(error: sqlx::Error) -> StoreError {
    StoreError::Broken(error.to_string())
}

async fn watch<O>(options: O, told: watch::Sender<bool>)
where
    O: ConnectOptions,
    O::Connection: Sized,
{
    let mut connection: Option<O::Connection> = None;
    loop {
        let asked = tokio::time::timeout(PATIENCE, ask(&options, &mut connection)).await;
        let cause = match asked {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("no answer within {} s", PATIENCE.as_secs())),
        };
        let reachable = cause.is_none();
        if !reachable {
            // Whatever comes over it now answers another question.
            connection = None;
        }
        let changed = told.send_if_modified(|before| std::mem::replace(before, reachable) != reachable);
        match cause {
            Some(cause) if changed => tracing::error!(cause, "the database is away: requests are answered 503"),
            None if changed => tracing::warn!("the database is back"),
            _ => {}
        }
        tokio::time::sleep(if reachable { EVERY } else { EVERY_WHILE_AWAY }).await;
    }
}

async fn ask<O>(options: &O, connection: &mut Option<O::Connection>) -> Result<(), sqlx::Error>
where
    O: ConnectOptions,
    O::Connection: Sized,
{
    match connection {
        Some(connection) => connection.ping().await,
        None => {
            // Kept only once it works: a broken-off attempt leaves nothing behind.
            *connection = Some(options.connect().await?);
            Ok(())
        }
    }
}
