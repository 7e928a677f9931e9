use std::sync::Arc;

use tenon_application::ports::{JobQueue, JobRunner};
use tenon_infrastructure::queue::{PostgresQueue, QueueSettings, RedisQueue, SqliteQueue};
use uuid::Uuid;

use super::links::redis_server;
use crate::config::{Config, DatabaseKind};
use crate::failure::Failure;

/// Both ends of the job queue.
pub(super) struct Queue {
    pub(super) push: Arc<dyn JobQueue>,
    pub(super) run: Arc<dyn JobRunner>,
}

impl Queue {
    /// On Redis when there is one, else in the database. `process` tells this process from all others.
    pub(super) async fn open(config: &Config, process: Uuid) -> Result<Self, Failure> {
        let mut settings = QueueSettings::new(format!("tenon-{process}"));
        if let Some(redis) = &config.redis {
            settings.queue = format!("{}:jobs", redis.prefix);
            return Ok(Self::of(RedisQueue::new(redis_server(redis)?, settings)?));
        }
        match config.database.kind {
            DatabaseKind::Sqlite => {
                // A file of its own: its writes do not wait for those of the API.
                Ok(Self::of(SqliteQueue::open(&config.queue_file(), settings).await?))
            }
            DatabaseKind::Postgres => Ok(Self::of(PostgresQueue::new(config.database.url.expose(), settings)?)),
            DatabaseKind::MySql => Err(tenon_application::ports::QueueError("MySQL needs Redis".to_owned()).into()),
        }
    }

    /// Makes the tables of the queue where they are in the server's database.
    pub(super) async fn migrate(config: &Config) -> Result<(), Failure> {
        if config.database.kind == DatabaseKind::Postgres && config.redis.is_none() {
            let url = config.database.migration_url().expose();
            PostgresQueue::new(url, QueueSettings::new("migration"))?.migrate().await?;
        }
        Ok(())
    }

    fn of<Q: JobQueue + JobRunner + 'static>(queue: Q) -> Self {
        let queue = Arc::new(queue);
        Self { push: queue.clone(), run: queue }
    }
}
