//! The queue in the application's PostgreSQL database, in the schema `apalis`.

use std::sync::Arc;
use std::time::Duration;

use apalis_postgres::{Config, PostgresStorage};
use async_trait::async_trait;
use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tenon_application::ports::{Job, JobHandler, JobQueue, JobRunner, QueueError};
use tokio_util::sync::CancellationToken;

use super::key::StoredJob;
use super::runner::{Running, keep_running, worker};
use super::wake::Wake;
use super::{HEARTBEAT, KEYS_KEPT, MISSED_HEARTBEATS, QueueSettings, VACUUM_BATCH, queue_error};

/// apalis runs what is due strictly before now.
const PUSH: &str =
    "INSERT INTO apalis.jobs (id, job_type, job, status, attempts, max_attempts, run_at, idempotency_key)
    SELECT id, $1, job, 'Pending', 0, 1, clock_timestamp() - interval '1 second', key
    FROM unnest($2::text[], $3::text[], $4::bytea[]) AS pushed (id, key, job)
    ON CONFLICT DO NOTHING";
const DEPTH: &str = "SELECT count(*) FROM
    (SELECT 1 AS waiting FROM apalis.jobs WHERE status = 'Pending' AND job_type = $1 LIMIT 5000) AS jobs";
const FORGET_JOBS: &str = "DELETE FROM apalis.jobs WHERE id IN (
    SELECT id FROM apalis.jobs WHERE status IN ('Done', 'Failed', 'Killed') AND job_type = $1
        AND done_at < now() - make_interval(secs => $2)
    LIMIT $3 FOR UPDATE SKIP LOCKED)";
const FORGET_WORKERS: &str = "DELETE FROM apalis.workers w WHERE worker_type = $1
    AND last_seen < now() - make_interval(secs => $2)
    AND NOT EXISTS (SELECT 1 FROM apalis.jobs WHERE lock_by = w.id)";
/// What apalis's trigger notifies of each job.
const CHANNEL: &str = "apalis::job::insert";

/// The queue of a deployment that has PostgreSQL and no Redis.
pub struct PostgresQueue {
    pool: PgPool,
    settings: QueueSettings,
}

impl PostgresQueue {
    /// Connects when first used.
    pub fn new(database_url: &str, settings: QueueSettings) -> Result<Self, QueueError> {
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(5))
            .idle_timeout(Duration::from_secs(300))
            .connect_lazy(database_url)
            .map_err(queue_error)?;
        Ok(Self { pool, settings })
    }

    /// Creates or updates apalis's schema. Running it again changes nothing.
    pub async fn migrate(&self) -> Result<(), QueueError> {
        PostgresStorage::setup(&self.pool).await.map_err(queue_error)
    }

    fn storage(&self, concurrency: usize) -> PostgresStorage<Job> {
        let config = Config::default()
            .queue(&self.settings.queue)
            .batch_size(concurrency * 2)
            .heartbeat_interval(HEARTBEAT)
            .missed_heartbeats(MISSED_HEARTBEATS)
            .lock_tasks(false);
        PostgresStorage::new(&self.pool).with_config(config)
    }

    /// Wakes the worker whenever any process pushes. The worker also polls, so an error only costs time.
    async fn listen(&self, wake: &Wake) {
        loop {
            if let Err(error) = self.forward_notifications(wake).await {
                tracing::warn!(%error, "notifications of new jobs were interrupted");
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn forward_notifications(&self, wake: &Wake) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen(CHANNEL).await?;
        loop {
            listener.recv().await?;
            wake.wake();
        }
    }
}

#[async_trait]
impl JobQueue for PostgresQueue {
    async fn push(&self, jobs: Vec<Job>) -> Result<(), QueueError> {
        let (mut ids, mut keys, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
        for job in &jobs {
            let stored = StoredJob::new(job)?;
            ids.push(stored.id);
            keys.push(stored.key);
            bodies.push(stored.body);
        }
        let push = sqlx::query(PUSH).bind(&self.settings.queue).bind(ids).bind(keys).bind(bodies);
        push.execute(&self.pool).await.map_err(queue_error)?;
        Ok(())
    }
    async fn depth(&self) -> Result<u64, QueueError> {
        let waiting: i64 =
            sqlx::query_scalar(DEPTH).bind(&self.settings.queue).fetch_one(&self.pool).await.map_err(queue_error)?;
        Ok(waiting.unsigned_abs())
    }
}

#[async_trait]
impl JobRunner for PostgresQueue {
    async fn run(
        &self,
        handler: Arc<dyn JobHandler>,
        concurrency: usize,
        stop: CancellationToken,
    ) -> Result<(), QueueError> {
        let wake = Wake::default();
        let (running, _guard) = Running::new(handler, &self.settings);
        let worker = keep_running(&self.settings, &stop, &running, |context| {
            worker!(context, self.storage(concurrency), wake, concurrency, running)
        });
        tokio::select! {
            () = worker => {}
            () = self.listen(&wake) => {}
        }
        Ok(())
    }

    async fn vacuum(&self) -> Result<u64, QueueError> {
        let mut forgotten = 0;
        loop {
            let batch = sqlx::query(FORGET_JOBS)
                .bind(&self.settings.queue)
                .bind(KEYS_KEPT.as_secs_f64())
                .bind(i64::from(VACUUM_BATCH))
                .execute(&self.pool)
                .await
                .map_err(queue_error)?
                .rows_affected();
            forgotten += batch;
            if batch < u64::from(VACUUM_BATCH) {
                break;
            }
        }
        let workers = sqlx::query(FORGET_WORKERS).bind(&self.settings.queue).bind(KEYS_KEPT.as_secs_f64());
        workers.execute(&self.pool).await.map_err(queue_error)?;
        Ok(forgotten)
    }
}
