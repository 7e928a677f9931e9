mod retries;
mod store;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tenon_application::ports::{Cache, Lookup, Ticket};
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use self::store::{Held, Made, Persistence, Store, TOMBSTONE};
use super::lookups::count;
use super::near::NearCache;
use super::pending::{PendingWrites, Write};
use super::{CAPACITY, LONGEST_FILL};
use crate::redis_link::{RedisLink, RedisLinkError, Signal, Subscription};

const PENDING_CAPACITY: usize = 50_000;
/// How many keys are invalidated in one round trip.
const INVALIDATION_BATCH: usize = 500;
/// How long an invalidation is worth making up for: what it is about lives no longer.
const INVALIDATION_LIFE: Duration = LONGEST_FILL.saturating_add(TOMBSTONE);

/// A cache in Redis, with a near cache that every change invalidates on every instance.
///
/// While Redis is away nothing is found, but what this instance put itself; its changes are kept and made up for.
pub struct RedisCache {
    shared: Arc<Shared>,
    _subscription: Subscription,
    _retries: AbortOnDropHandle<()>,
}

struct Shared {
    store: Store,
    near: NearCache,
    pending: PendingWrites,
    /// How often changes were given up, because too many were pending. Everything in Redis is to be invalidated then,
    /// before any of it is believed again.
    losses: AtomicU64,
    /// How many of the losses were made up for.
    recovered: AtomicU64,
    /// Rung when a write failed.
    failed: Notify,
}

impl RedisCache {
    /// `prefix` comes before every key and channel. Needs to be called in a Tokio runtime.
    pub fn new(link: RedisLink, prefix: &str) -> Self {
        Self::holding_back(link, prefix, PENDING_CAPACITY)
    }

    /// Like [`RedisCache::new`], with at most `pending` changes that wait for Redis.
    pub fn holding_back(link: RedisLink, prefix: &str, pending: usize) -> Self {
        let shared = Arc::new(Shared {
            store: Store::new(link.clone(), prefix),
            near: NearCache::new(CAPACITY),
            pending: PendingWrites::new(pending),
            losses: AtomicU64::new(0),
            recovered: AtomicU64::new(0),
            failed: Notify::new(),
        });
        let listener = Arc::clone(&shared);
        let channel = shared.store.channel().to_owned();
        let subscription = Subscription::start(link, channel, move |signal| match signal {
            Signal::Up => listener.near.set_up(true),
            Signal::Down => listener.near.set_up(false),
            Signal::Message(keys) => keys.lines().for_each(|key| listener.near.invalidate(key)),
        });
        let retries = tokio::spawn(Arc::clone(&shared).retry());
        Self { shared, _subscription: subscription, _retries: AbortOnDropHandle::new(retries) }
    }
}

impl Shared {
    /// Notes a change, and has it apply on this instance from here on.
    fn note(&self, key: &str, value: Option<&str>, time_to_live: Duration) -> Write {
        let (write, all_kept) = self.pending.add(key, value, time_to_live, self.store.past());
        if !all_kept {
            self.losses.fetch_add(1, Ordering::SeqCst);
        }
        self.near.invalidate(key);
        write
    }

    fn has_lost(&self) -> bool {
        self.losses.load(Ordering::SeqCst) != self.recovered.load(Ordering::SeqCst)
    }

    /// Brings a pending put to Redis, and forgets it once it is there.
    async fn deliver_put(
        &self,
        key: &str,
        write: &Write,
        made: Made,
        persistence: Persistence,
    ) -> Result<(), RedisLinkError> {
        if let (Some(value), Some(left)) = (&write.value, write.remaining()) {
            self.store.put(key, value, made, left, persistence).await?;
        }
        self.pending.settle(key, write);
        Ok(())
    }

    /// Brings pending invalidations to Redis, and forgets them once they are there.
    async fn deliver_invalidations(
        &self,
        writes: &[(String, Write)],
        persistence: Persistence,
    ) -> Result<(), RedisLinkError> {
        let keys: Vec<&str> = writes.iter().map(|(key, _)| key.as_str()).collect();
        self.store.invalidate(&keys, persistence).await?;
        writes.iter().for_each(|(key, write)| self.pending.settle(key, write));
        Ok(())
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn get(&self, key: &str) -> Lookup {
        let shared = &self.shared;
        // The tickets come first: a change of this instance is pending before it makes them worthless, so that what
        // is read past it is never kept.
        let near = shared.near.ticket(key);
        let blind = Ticket::blind(shared.near.generation(key));
        if let Some(value) = shared.pending.find(key) {
            count(key, "near", if value.is_some() { "hit" } else { "pending" });
            return value.map_or(Lookup::Missing(blind), Lookup::Found);
        }
        if shared.has_lost() {
            count(key, "near", "pending");
            return Lookup::Missing(blind);
        }
        if let Some(value) = near.and_then(|_| shared.near.get(key)) {
            count(key, "near", "hit");
            return Lookup::Found(value);
        }
        match shared.store.read(key).await {
            Ok(Held::Value(value, left)) => {
                count(key, "shared", "hit");
                if let Some(ticket) = near {
                    shared.near.keep(ticket, key, Arc::clone(&value), left);
                }
                Lookup::Found(value)
            }
            Ok(Held::Nothing(ticket)) => {
                count(key, "shared", "miss");
                Lookup::Missing(ticket)
            }
            Err(cause) => {
                count(key, "shared", "error");
                tracing::debug!(%cause, "the shared cache cannot be read");
                Lookup::Missing(blind)
            }
        }
    }

    async fn fill(&self, key: &str, ticket: Ticket, value: &str, time_to_live: Duration) {
        if ticket.is_blind() || self.shared.pending.find(key).is_some() {
            return;
        }
        if let Err(cause) = self.shared.store.fill(key, ticket, value, time_to_live.min(LONGEST_FILL)).await {
            tracing::debug!(%cause, "the shared cache cannot be written");
        }
    }

    async fn put(&self, key: &str, value: &str, time_to_live: Duration) {
        let shared = &self.shared;
        let write = shared.note(key, Some(value), time_to_live);
        let mut unfinished = Unfinished(Some(&shared.failed));
        match shared.deliver_put(key, &write, Made::Ago(write.made_at.elapsed()), Persistence::Resting).await {
            Ok(()) => unfinished.0 = None,
            Err(cause) => tracing::debug!(%cause, "a cache write is pending"),
        }
    }

    async fn invalidate(&self, keys: &[String]) {
        let shared = &self.shared;
        let writes: Vec<_> = keys.iter().map(|key| (key.clone(), shared.note(key, None, INVALIDATION_LIFE))).collect();
        let mut unfinished = Unfinished(Some(&shared.failed));
        for batch in writes.chunks(INVALIDATION_BATCH) {
            if let Err(cause) = shared.deliver_invalidations(batch, Persistence::Resting).await {
                tracing::debug!(%cause, "cache invalidations are pending");
                return;
            }
        }
        unfinished.0 = None;
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
