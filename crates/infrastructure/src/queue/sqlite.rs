//! The queue in a SQLite file of its own, so that it never waits for the application's writer.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use apalis_sqlite::{Config, SqliteStorage};
use async_trait::async_trait;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tenon_application::ports::{Job, JobHandler, JobQueue, JobRunner, QueueError};
use tokio_util::sync::CancellationToken;

use super::key::StoredJob;
use super::runner::{Running, keep_running, worker};
use super::wake::Wake;
use super::{HEARTBEAT, KEYS_KEPT, MISSED_HEARTBEATS, QueueSettings, VACUUM_BATCH, queue_error};

const PUSH: &str =
    "INSERT INTO Jobs (job, id, job_type, status, attempts, max_attempts, priority, metadata, idempotency_key)
    SELECT CAST(value ->> 'job' AS BLOB), value ->> 'id', ?1, 'Pending', 0, 1, 0, '{}', value ->> 'key'
    FROM json_each(?2) WHERE true ON CONFLICT DO NOTHING";
/// Jobs that are done keep the name of who did them. With this index, acknowledging a job by its id and that name went through
/// all that were ever done, instead of looking for the id.
const DROP_LOCKS_INDEX: &str = "DROP INDEX IF EXISTS LIdx";
const DEPTH: &str = "SELECT count(*) FROM
    (SELECT 1 AS waiting FROM Jobs WHERE status = 'Pending' AND job_type = ?1 LIMIT 5000) AS jobs";
const FORGET_JOBS: &str = "DELETE FROM Jobs WHERE id IN (
    SELECT id FROM Jobs WHERE status IN ('Done', 'Failed', 'Killed') AND job_type = ?1
        AND done_at < CAST(strftime('%s', 'now') AS INTEGER) - ?2
    LIMIT ?3)";
const FORGET_WORKERS: &str = "DELETE FROM Workers WHERE worker_type = ?1
    AND last_seen < CAST(strftime('%s', 'now') AS INTEGER) - ?2
    AND NOT EXISTS (SELECT 1 FROM Jobs WHERE lock_by = Workers.id)";

/// The embedded queue: one process, no server.
pub struct SqliteQueue {
    pool: SqlitePool,
    settings: QueueSettings,
    wake: Wake,
}

impl SqliteQueue {
    /// Opens the file, creating it and its tables when there are none.
    pub async fn open(path: &Path, settings: QueueSettings) -> Result<Self, QueueError> {
        // apalis's own `setup` would turn `synchronous` off; only its migrations are run.
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A power cut may take the last jobs, as losing the file would take all: the relay hands their events out
            // again. So no push, fetch or acknowledgement has to wait for the disk.
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(5));
        // One connection: SQLite has one writer, and the pool queues more fairly than its busy handler.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options)
            .await
            .map_err(queue_error)?;
        SqliteStorage::migrations().run(&pool).await.map_err(queue_error)?;
        sqlx::query(DROP_LOCKS_INDEX).execute(&pool).await.map_err(queue_error)?;
        Ok(Self { pool, settings, wake: Wake::default() })
    }

    fn storage(&self, concurrency: usize) -> SqliteStorage<Job> {
        let config = Config::default()
            .queue(&self.settings.queue)
            .batch_size(concurrency * 2)
            .heartbeat_interval(HEARTBEAT)
            .missed_heartbeats(MISSED_HEARTBEATS)
            .lock_tasks(false);
        SqliteStorage::new(&self.pool).with_config(config)
    }
}

#[async_trait]
impl JobQueue for SqliteQueue {
    async fn push(&self, jobs: Vec<Job>) -> Result<(), QueueError> {
        let mut rows = Vec::with_capacity(jobs.len());
        for job in &jobs {
            let stored = StoredJob::new(job)?;
            let body = String::from_utf8(stored.body).map_err(queue_error)?;
            rows.push(serde_json::json!({ "id": stored.id, "key": stored.key, "job": body }));
        }
        let rows = serde_json::to_string(&rows).map_err(queue_error)?;
        sqlx::query(PUSH).bind(&self.settings.queue).bind(rows).execute(&self.pool).await.map_err(queue_error)?;
        self.wake.wake();
        Ok(())
    }
    async fn depth(&self) -> Result<u64, QueueError> {
        let waiting: i64 =
            sqlx::query_scalar(DEPTH).bind(&self.settings.queue).fetch_one(&self.pool).await.map_err(queue_error)?;
        Ok(waiting.unsigned_abs())
    }
}

#[async_trait]
impl JobRunner for SqliteQueue {
    async fn run(
        &self,
        handler: Arc<dyn JobHandler>,
        concurrency: usize,
        stop: CancellationToken,
    ) -> Result<(), QueueError> {
        let (running, _guard) = Running::new(handler, &self.settings);
        keep_running(&self.settings, &stop, &running, |context| {
            worker!(context, self.storage(concurrency), self.wake, concurrency, running)
        })
        .await;
        Ok(())
    }

    async fn vacuum(&self) -> Result<u64, QueueError> {
        let kept = i64::try_from(KEYS_KEPT.as_secs()).unwrap_or(i64::MAX);
        let mut forgotten = 0;
        loop {
            let batch = sqlx::query(FORGET_JOBS)
                .bind(&self.settings.queue)
                .bind(kept)
                .bind(VACUUM_BATCH)
                .execute(&self.pool)
                .await
                .map_err(queue_error)?
                .rows_affected();
            forgotten += batch;
            if batch < u64::from(VACUUM_BATCH) {
                break;
            }
        }
        let workers = sqlx::query(FORGET_WORKERS).bind(&self.settings.queue).bind(kept);
        workers.execute(&self.pool).await.map_err(queue_error)?;
        Ok(forgotten)
    }
}
