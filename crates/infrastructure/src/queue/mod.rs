//! The job queue on apalis: SQLite when embedded, PostgreSQL without Redis, Redis for many instances.
//!
//! apalis keeps the jobs, hands each to one worker, takes heartbeats and hands the jobs of a dead worker out again.
//! What is added here: pushing a batch in one round trip and only once a key, waking the workers at once instead of
//! at the next poll, retries, a new worker when a connection died, and forgetting finished jobs.

mod key;
mod postgres;
mod redis;
mod runner;
mod sqlite;
mod wake;

pub use self::postgres::PostgresQueue;
pub use self::redis::RedisQueue;
pub use self::sqlite::SqliteQueue;

use std::fmt::Display;
use std::time::Duration;

use tenon_application::ports::QueueError;

/// How a queue is called, and how jobs are run from it.
#[derive(Clone, Debug)]
pub struct QueueSettings {
    /// The name of the queue inside its store; on Redis, the prefix of its keys.
    pub queue: String,
    /// The name of this worker. No two running processes may share it.
    pub worker: String,
    /// How often a job is tried.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles from there, give or take a half.
    pub retry_pause: Duration,
}

impl QueueSettings {
    pub fn new(worker: impl Into<String>) -> Self {
        Self {
            queue: "tenon:jobs".to_owned(),
            worker: worker.into(),
            attempts: 5,
            retry_pause: Duration::from_millis(200),
        }
    }
}

/// How often a worker says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// A worker that missed this many heartbeats is dead, and its jobs go to others.
const MISSED_HEARTBEATS: usize = 3;
/// Pushing a job again within this time is recognized.
const KEYS_KEPT: Duration = Duration::from_secs(600);
/// How many finished jobs are forgotten at once, so that nobody waits long for the store.
const VACUUM_BATCH: u32 = 500;

fn queue_error(cause: impl Display) -> QueueError {
    QueueError(cause.to_string())
}
