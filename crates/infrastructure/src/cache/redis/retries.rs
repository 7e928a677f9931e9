//! Making up for what did not reach Redis.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::join_all;

use super::store::{Made, Persistence};
use super::{INVALIDATION_BATCH, Shared};
use crate::cache::pending::Write;
use crate::redis_link::RedisLinkError;

const RETRY_EVERY: Duration = Duration::from_millis(100);
/// How many pending writes are tried at once.
const RETRY_BATCH: usize = 64;

impl Shared {
    /// Makes up for failed writes, for as long as the cache lives.
    pub(super) async fn retry(self: Arc<Self>) {
        loop {
            self.failed.notified().await;
            while !self.pending.is_empty() || self.has_lost() {
                tokio::time::sleep(RETRY_EVERY).await;
                let losses = self.losses.load(Ordering::SeqCst);
                if self.has_lost() && self.invalidate_everything().await.is_ok() {
                    self.recovered.store(losses, Ordering::SeqCst);
                }
                while self.retry_batch().await {}
            }
        }
    }

    /// Whether a whole batch succeeded, so that it is worth going on.
    async fn retry_batch(&self) -> bool {
        let batch = self.pending.batch(RETRY_BATCH);
        let (puts, invalidations): (Vec<_>, Vec<_>) = batch.into_iter().partition(|(_, write)| write.value.is_some());
        if puts.is_empty() && invalidations.is_empty() {
            return false;
        }
        let delivered = self.retry_puts(&puts).await.is_ok();
        let invalidated = invalidations.is_empty()
            || self.deliver_invalidations(&invalidations, Persistence::Insisting).await.is_ok();
        delivered && invalidated
    }

    /// Asks for the server's time first: a retry may take long to arrive, and must not look newer for it. Nor may it
    /// look older than what this instance wrote before.
    async fn retry_puts(&self, puts: &[(String, Write)]) -> Result<(), RedisLinkError> {
        if puts.is_empty() {
            return Ok(());
        }
        let time = self.store.time().await?;
        let deliveries = puts.iter().map(|(key, write)| {
            let made = Made::At(time.at(write.made_at).max(write.made_after + 1));
            self.deliver_put(key, write, made, Persistence::Insisting)
        });
        join_all(deliveries).await.into_iter().collect()
    }

    async fn invalidate_everything(&self) -> Result<(), RedisLinkError> {
        let mut cursor = 0;
        loop {
            let (next, keys) = self.store.scan(cursor).await?;
            for keys in keys.chunks(INVALIDATION_BATCH) {
                self.store.invalidate(keys, Persistence::Insisting).await?;
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }
}
