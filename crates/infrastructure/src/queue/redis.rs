//! The queue on Redis, shared by any number of processes.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::io::tcp::TcpSettings;
use ::redis::{Client, RedisError, Script};
use apalis_redis::{Config, RedisStorage};
use async_trait::async_trait;
use futures::StreamExt;
use tenon_application::ports::{Job, JobHandler, JobQueue, JobRunner, QueueError};
use tokio_util::sync::CancellationToken;

use super::key::StoredJob;
use super::runner::{Running, keep_running, worker};
use super::wake::Wake;
use super::{HEARTBEAT, KEYS_KEPT, MISSED_HEARTBEATS, QueueSettings, VACUUM_BATCH, queue_error};
use crate::redis_link::RedisServer;

static PUSH: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("push.lua")));
static VACUUM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("vacuum.lua")));

/// The queue of a deployment with Redis.
pub struct RedisQueue {
    client: Client,
    connection: ConnectionManager,
    settings: QueueSettings,
}

impl RedisQueue {
    /// Connects when first used, and again whenever the connection was lost. Needs a Tokio runtime.
    pub fn new(server: impl Into<RedisServer>, settings: QueueSettings) -> Result<Self, QueueError> {
        let client = server.into().client(TcpSettings::default()).map_err(queue_error)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(2)))
            .set_response_timeout(Some(Duration::from_secs(5)))
            .set_number_of_retries(2)
            .set_max_delay(Duration::from_millis(500));
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config).map_err(queue_error)?;
        Ok(Self { client, connection, settings })
    }

    fn config(&self) -> Config {
        Config::default()
            .queue(&self.settings.queue)
            .heartbeat_interval(HEARTBEAT)
            .missed_heartbeats(MISSED_HEARTBEATS)
            .lock_tasks(false)
            .emit_events(false)
    }

    fn storage(&self, concurrency: usize) -> RedisStorage<Job> {
        RedisStorage::new(self.connection.clone()).with_config(self.config().batch_size(concurrency * 2))
    }

    fn channel(&self) -> String {
        format!("{}:pushed", self.settings.queue)
    }

    /// Wakes the worker whenever any process pushes. The worker also polls, so an error only costs time.
    async fn listen(&self, wake: &Wake) {
        loop {
            if let Err(error) = self.forward_messages(wake).await {
                tracing::warn!(%error, "notifications of new jobs were interrupted");
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn forward_messages(&self, wake: &Wake) -> Result<(), RedisError> {
        let mut subscription = self.client.get_async_pubsub().await?;
        subscription.subscribe(self.channel()).await?;
        let mut messages = subscription.into_on_message();
        while messages.next().await.is_some() {
            wake.wake();
        }
        Ok(())
    }
}

#[async_trait]
impl JobQueue for RedisQueue {
    async fn push(&self, jobs: Vec<Job>) -> Result<(), QueueError> {
        let config = self.config();
        let mut push = PUSH.prepare_invoke();
        push.key(config.job_data_hash())
            .key(config.active_jobs_list())
            .key(config.signal_list())
            .key(config.job_meta_hash())
            .key(config.idempotency_key_set())
            .arg(KEYS_KEPT.as_secs())
            .arg(self.channel());
        for job in &jobs {
            let stored = StoredJob::new(job)?;
            push.arg(stored.id).arg(stored.key).arg(stored.body);
        }
        push.invoke_async::<u64>(&mut self.connection.clone()).await.map_err(queue_error)?;
        Ok(())
    }

    async fn depth(&self) -> Result<u64, QueueError> {
        let mut connection = self.connection.clone();
        let waiting = ::redis::cmd("LLEN").arg(self.config().active_jobs_list()).query_async(&mut connection).await;
        waiting.map_err(queue_error)
    }
}

#[async_trait]
impl JobRunner for RedisQueue {
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
        let config = self.config();
        let mut forgotten = 0;
        for finished in [config.done_jobs_set(), config.dead_jobs_set()] {
            loop {
                let batch: u64 = VACUUM
                    .key(&finished)
                    .key(config.job_data_hash())
                    .key(config.job_meta_hash())
                    .arg(VACUUM_BATCH)
                    .invoke_async(&mut self.connection.clone())
                    .await
                    .map_err(queue_error)?;
                forgotten += batch;
                if batch < u64::from(VACUUM_BATCH) {
                    break;
                }
            }
        }
        Ok(forgotten)
    }
}
