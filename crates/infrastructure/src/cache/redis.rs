use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use redis::aio::ConnectionManager;
use redis::{RedisResult, Script};
use tenon_application::ports::Cache;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use super::count;
use super::near::NearCache;
use super::pending::{PendingWrites, Write};
use crate::redis_link::{RedisLink, RedisLinkError, Signal, Subscription};

const NEAR_CAPACITY: u64 = 100_000;
const PENDING_CAPACITY: usize = 50_000;
const RETRY_EVERY: Duration = Duration::from_millis(100);
/// How many pending writes are tried at once.
const RETRY_BATCH: usize = 64;

/// A cache in Redis, with a near cache that every [`Cache::put`] invalidates on every instance.
///
/// While Redis is away nothing is found, but what this instance wrote itself; its writes are kept and made up for.
pub struct RedisCache {
    shared: Arc<Shared>,
    _subscription: Subscription,
    _retries: AbortOnDropHandle<()>,
}

struct Shared {
    link: RedisLink,
    prefix: String,
    channel: String,
    put: Script,
    near: NearCache,
    pending: PendingWrites,
    /// Rung when a write failed.
    failed: Notify,
}

impl RedisCache {
    /// `prefix` comes before every key and channel. Needs to be called in a Tokio runtime.
    pub fn new(link: RedisLink, prefix: &str) -> Self {
        let channel = format!("{prefix}cache:invalidations");
        let shared = Arc::new(Shared {
            link: link.clone(),
            prefix: format!("{prefix}cache:"),
            channel: channel.clone(),
            put: Script::new(include_str!("put.lua")),
            near: NearCache::new(NEAR_CAPACITY),
            pending: PendingWrites::new(PENDING_CAPACITY),
            failed: Notify::new(),
        });
        let listener = Arc::clone(&shared);
        let subscription = Subscription::start(link, channel, move |signal| match signal {
            Signal::Up => listener.near.set_up(true),
            Signal::Down => listener.near.set_up(false),
            Signal::Message(key) => listener.near.invalidate(&key),
        });
        let retries = tokio::spawn(Arc::clone(&shared).retry());
        Self { shared, _subscription: subscription, _retries: AbortOnDropHandle::new(retries) }
    }
}

impl Shared {
    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// The value and how long it is still good, in one round trip.
    async fn read(&self, key: &str) -> Result<Option<(Arc<str>, Duration)>, RedisLinkError> {
        let key = self.key(key);
        let (held, left): (Option<String>, i64) = self
            .link
            .call(async |mut connection| {
                redis::pipe().get(&key).cmd("PTTL").arg(&key).query_async(&mut connection).await
            })
            .await?;
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
        Ok(held.and_then(|held| held.split_once(':').map(|(_, value)| (value.into(), left))))
    }

    /// Brings a pending write to Redis, and forgets it once it is there.
    async fn write(&self, key: &str, write: &Write, in_background: bool) -> Result<(), RedisLinkError> {
        if let Some(left) = write.remaining() {
            let mut invocation = self.put.prepare_invoke();
            invocation
                .key(self.key(key))
                .arg(&*write.value)
                .arg(u64::try_from(left.as_millis()).unwrap_or(u64::MAX))
                .arg(u64::try_from(write.made_at.elapsed().as_micros()).unwrap_or(u64::MAX))
                .arg(&self.channel)
                .arg(key);
            let call = async |mut connection: ConnectionManager| -> RedisResult<()> {
                invocation.invoke_async(&mut connection).await
            };
            if in_background { self.link.attempt(call).await? } else { self.link.call(call).await? }
        }
        self.pending.settle(key, write);
        Ok(())
    }

    /// Makes up for failed writes, for as long as the cache lives.
    async fn retry(self: Arc<Self>) {
        loop {
            self.failed.notified().await;
            while !self.pending.is_empty() {
                tokio::time::sleep(RETRY_EVERY).await;
                while self.retry_batch().await {}
            }
        }
    }

    /// Whether a whole batch succeeded, so that it is worth going on.
    async fn retry_batch(&self) -> bool {
        let batch = self.pending.batch(RETRY_BATCH);
        let writes = batch.iter().map(|(key, write)| self.write(key, write, true));
        !batch.is_empty() && join_all(writes).await.iter().all(Result::is_ok)
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn get(&self, key: &str) -> Option<Arc<str>> {
        let shared = &self.shared;
        // The ticket comes first: a write of this instance is pending before it makes tickets worthless, so that what
        // is read past it is never kept.
        let ticket = shared.near.ticket(key);
        if let Some(value) = shared.pending.find(key) {
            count("near", "hit");
            return Some(value);
        }
        if let Some(value) = ticket.and_then(|_| shared.near.get(key)) {
            count("near", "hit");
            return Some(value);
        }
        match shared.read(key).await {
            Ok(Some((value, left))) => {
                count("shared", "hit");
                if let Some(ticket) = ticket {
                    shared.near.keep(ticket, key, Arc::clone(&value), left);
                }
                Some(value)
            }
            Ok(None) => {
                count("shared", "miss");
                None
            }
            Err(cause) => {
                count("shared", "error");
                tracing::debug!(%cause, "the shared cache cannot be read");
                None
            }
        }
    }

    async fn put(&self, key: &str, value: &str, time_to_live: Duration) {
        let shared = &self.shared;
        let write = shared.pending.add(key, value, time_to_live);
        shared.near.invalidate(key);
        let mut unfinished = Unfinished(Some(&shared.failed));
        match shared.write(key, &write, false).await {
            Ok(()) => unfinished.0 = None,
            Err(cause) => tracing::debug!(%cause, "a cache write is pending"),
        }
    }

    async fn put_if_absent(&self, key: &str, value: &str, time_to_live: Duration) {
        if self.shared.pending.find(key).is_some() {
            return;
        }
        let (key, value) = (self.shared.key(key), format!("0:{value}"));
        let left = u64::try_from(time_to_live.as_millis()).unwrap_or(u64::MAX);
        let written: Result<(), _> = self
            .shared
            .link
            .call(async |mut connection| {
                let mut set = redis::cmd("SET");
                set.arg(&key).arg(&value).arg("NX").arg("PX").arg(left.max(1)).query_async(&mut connection).await
            })
            .await;
        if let Err(cause) = written {
            tracing::debug!(%cause, "the shared cache cannot be written");
        }
    }
}

/// Starts the retries when a write failed, or when nobody waited for its end.
struct Unfinished<'a>(Option<&'a Notify>);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(failed) = self.0 {
            failed.notify_one();
        }
    }
}
