//! The stores that queues are in, and what the cases do to them behind the back of the queue.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::{Connection, PgConnection, SqlitePool};
use tempfile::TempDir;
use tenon_application::ports::{JobQueue, JobRunner};
use tenon_infrastructure::queue::{PostgresQueue, QueueSettings, RedisQueue, SqliteQueue};
use tokio::time::sleep;
use uuid::Uuid;

const POSTGRES: &str = "postgres://postgres@127.0.0.1:5432";
const REDIS: &str = "redis://127.0.0.1:6379";

/// One end of a queue, as a process would hold it.
pub(crate) trait Queue: JobQueue + JobRunner {}
impl<T: JobQueue + JobRunner> Queue for T {}

/// A place for a queue, which nobody else uses.
#[async_trait]
pub(crate) trait Place: Send + Sync {
    /// Another end of the same queue, as if in another process.
    async fn open(&self, worker: &str) -> Arc<dyn Queue>;
    /// Breaks the running workers, as losing the store for a moment does.
    async fn disturb(&self);
    /// Lets time pass for the jobs that are done.
    async fn age_finished_jobs(&self);
    async fn stored_jobs(&self) -> u64;
    async fn remove(&self);
}

fn settings(queue: &str, worker: &str) -> QueueSettings {
    QueueSettings { queue: queue.to_owned(), retry_pause: Duration::from_millis(10), ..QueueSettings::new(worker) }
}

/// A file.
pub(crate) struct Sqlite(TempDir);

impl Sqlite {
    pub(crate) async fn create() -> Self {
        Self(TempDir::new().unwrap())
    }

    async fn pool(&self) -> SqlitePool {
        SqlitePool::connect(&format!("sqlite://{}", self.0.path().join("queue.db").display())).await.unwrap()
    }
}

#[async_trait]
impl Place for Sqlite {
    async fn open(&self, worker: &str) -> Arc<dyn Queue> {
        Arc::new(SqliteQueue::open(&self.0.path().join("queue.db"), settings("jobs", worker)).await.unwrap())
    }

    async fn disturb(&self) {
        let pool = self.pool().await;
        sqlx::query("ALTER TABLE Jobs RENAME TO Away").execute(&pool).await.unwrap();
        sleep(Duration::from_secs(3)).await;
        sqlx::query("ALTER TABLE Away RENAME TO Jobs").execute(&pool).await.unwrap();
    }

    async fn age_finished_jobs(&self) {
        sqlx::query("UPDATE Jobs SET done_at = done_at - 3600").execute(&self.pool().await).await.unwrap();
    }

    async fn stored_jobs(&self) -> u64 {
        let pool = self.pool().await;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM Jobs").fetch_one(&pool).await.unwrap();
        count.unsigned_abs()
    }

    async fn remove(&self) {}
}

/// A database of its own.
pub(crate) struct Postgres {
    database: String,
}

impl Postgres {
    pub(crate) async fn create() -> Self {
        let database = format!("tenon_queue_{}", Uuid::now_v7().simple());
        admin(format!("CREATE DATABASE {database}")).await;
        let place = Self { database };
        PostgresQueue::new(&place.url(), settings("jobs", "migration")).unwrap().migrate().await.unwrap();
        place
    }

    fn url(&self) -> String {
        format!("{POSTGRES}/{}", self.database)
    }

    async fn connection(&self) -> PgConnection {
        PgConnection::connect(&self.url()).await.unwrap()
    }
}

async fn admin(sql: String) {
    let mut connection = PgConnection::connect(&format!("{POSTGRES}/postgres")).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
}

#[async_trait]
impl Place for Postgres {
    async fn open(&self, worker: &str) -> Arc<dyn Queue> {
        Arc::new(PostgresQueue::new(&self.url(), settings("jobs", worker)).unwrap())
    }

    async fn disturb(&self) {
        let mut connection = self.connection().await;
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        sqlx::query(cut).execute(&mut connection).await.unwrap();
        sqlx::query("UPDATE apalis.jobs SET lock_by = NULL").execute(&mut connection).await.unwrap();
        sqlx::query("DELETE FROM apalis.workers").execute(&mut connection).await.unwrap();
    }

    async fn age_finished_jobs(&self) {
        let age = "UPDATE apalis.jobs SET done_at = done_at - interval '1 hour'";
        sqlx::query(age).execute(&mut self.connection().await).await.unwrap();
    }

    async fn stored_jobs(&self) -> u64 {
        let mut connection = self.connection().await;
        let count = sqlx::query_scalar("SELECT count(*) FROM apalis.jobs").fetch_one(&mut connection).await;
        let count: i64 = count.unwrap();
        count.unsigned_abs()
    }

    async fn remove(&self) {
        admin(format!("DROP DATABASE {} WITH (FORCE)", self.database)).await;
    }
}

/// A prefix of its own in the Redis that all tests share.
pub(crate) struct Redis {
    prefix: String,
}

impl Redis {
    pub(crate) async fn create() -> Self {
        Self { prefix: format!("tenon-test:{}", Uuid::now_v7().simple()) }
    }

    async fn ask<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> T {
        let mut connection = redis::Client::open(REDIS).unwrap().get_multiplexed_async_connection().await.unwrap();
        command.query_async(&mut connection).await.unwrap()
    }
}

#[async_trait]
impl Place for Redis {
    async fn open(&self, worker: &str) -> Arc<dyn Queue> {
        Arc::new(RedisQueue::new(REDIS, settings(&self.prefix, worker)).unwrap())
    }

    async fn disturb(&self) {
        let () = self.ask(redis::cmd("DEL").arg(format!("{}:workers", self.prefix))).await;
    }

    async fn age_finished_jobs(&self) {}

    async fn stored_jobs(&self) -> u64 {
        self.ask(redis::cmd("HLEN").arg(format!("{}:data", self.prefix))).await
    }

    async fn remove(&self) {
        let keys: Vec<String> = self.ask(redis::cmd("KEYS").arg(format!("{}:*", self.prefix))).await;
        if !keys.is_empty() {
            let () = self.ask(redis::cmd("DEL").arg(keys)).await;
        }
        let listed = format!("{}:workers", self.prefix);
        let () = self.ask(redis::cmd("ZREM").arg("core:apalis:queues:list").arg(listed)).await;
    }
}
