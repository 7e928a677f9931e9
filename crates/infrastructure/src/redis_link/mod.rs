//! The link to Redis that the cache, the rate limiter, the relay and the health check share.
//!
//! It connects lazily and reconnects by itself, so that a process starts and runs while Redis is away. Every call has
//! a short deadline, and after a failed one the link rests for a moment: callers then degrade at once instead of each
//! waiting for the deadline.

mod health;
mod server;
mod subscription;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{Client, RedisError, RedisResult};
pub(crate) use subscription::{Signal, Subscription};

pub use health::RedisHealth;
pub use server::RedisServer;

/// How long a call may take.
const CALL_TIMEOUT: Duration = Duration::from_millis(250);
/// How long a connection attempt may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long sent bytes may stay unacknowledged before the connection counts as dead.
const UNACKNOWLEDGED_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the link rests after Redis could not be reached.
const REST: Duration = Duration::from_millis(200);

/// Why a call to Redis failed.
#[derive(Debug, thiserror::Error)]
pub enum RedisLinkError {
    #[error("Redis was unreachable a moment ago")]
    Resting,
    #[error("Redis did not answer within {} ms", CALL_TIMEOUT.as_millis())]
    Timeout,
    #[error("Redis: {0}")]
    Redis(#[from] RedisError),
    #[error("Redis: the authorities in {}: {cause}", path.display())]
    Authorities { path: PathBuf, cause: String },
}

/// The link to one Redis. Clones share the connection.
#[derive(Clone)]
pub struct RedisLink {
    client: Client,
    connection: ConnectionManager,
    opened: Instant,
    /// Milliseconds after `opened` until which the link rests.
    resting_until: Arc<AtomicU64>,
}

impl RedisLink {
    /// Prepares the link without connecting. Fails on a malformed URL, or authority, only. Needs to be called in a Tokio
    /// runtime.
    pub fn open(server: impl Into<RedisServer>) -> Result<Self, RedisLinkError> {
        let tcp = TcpSettings::default().set_nodelay(true).set_user_timeout(UNACKNOWLEDGED_TIMEOUT);
        let client = server.into().client(tcp)?;
        // The callers are the retries: the next call starts the next attempt.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(CONNECT_TIMEOUT));
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        Ok(Self { client, connection, opened: Instant::now(), resting_until: Arc::default() })
    }

    /// Runs one call within the deadline.
    pub(crate) async fn call<T, F, C>(&self, call: C) -> Result<T, RedisLinkError>
    where
        C: FnOnce(ConnectionManager) -> F,
        F: Future<Output = RedisResult<T>>,
    {
        if self.is_resting() {
            return Err(RedisLinkError::Resting);
        }
        self.attempt(call).await
    }

    /// Like [`RedisLink::call`], but even while the link rests: for probes and retries in the background.
    pub(crate) async fn attempt<T, F, C>(&self, call: C) -> Result<T, RedisLinkError>
    where
        C: FnOnce(ConnectionManager) -> F,
        F: Future<Output = RedisResult<T>>,
    {
        match tokio::time::timeout(CALL_TIMEOUT, call(self.connection.clone())).await {
            Ok(Ok(answer)) => {
                self.resting_until.store(0, Ordering::Relaxed);
                Ok(answer)
            }
            Ok(Err(error)) => {
                if error.is_io_error() || error.is_unrecoverable_error() {
                    self.rest();
                }
                Err(error.into())
            }
            Err(_) => {
                self.rest();
                Err(RedisLinkError::Timeout)
            }
        }
    }

    fn is_resting(&self) -> bool {
        self.uptime_ms() < self.resting_until.load(Ordering::Relaxed)
    }

    fn rest(&self) {
        let until = self.uptime_ms() + u64::try_from(REST.as_millis()).unwrap_or(u64::MAX);
        self.resting_until.store(until, Ordering::Relaxed);
    }

    fn uptime_ms(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl std::fmt::Debug for RedisLink {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisLink").field("resting", &self.is_resting()).finish_non_exhaustive()
    }
}
