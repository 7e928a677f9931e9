//! Caches: in process for one instance, and in Redis with a near cache on every instance.

mod in_process;
mod near;
mod pending;
mod redis;

pub use in_process::InProcessCache;
pub use redis::RedisCache;

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;

/// A value that is good for a while.
#[derive(Clone, Debug)]
struct Entry {
    value: Arc<str>,
    time_to_live: Duration,
}

/// Lets every entry live as long as it says.
struct OwnTimeToLive;

impl Expiry<String, Entry> for OwnTimeToLive {
    fn expire_after_create(&self, _: &String, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.time_to_live)
    }

    fn expire_after_update(&self, _: &String, entry: &Entry, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(entry.time_to_live)
    }
}

fn bounded(capacity: u64) -> moka::sync::Cache<String, Entry> {
    moka::sync::Cache::builder().max_capacity(capacity).expire_after(OwnTimeToLive).build()
}

/// Counts a lookup. `tier` says which cache answered, or was the last to be asked.
fn count(tier: &'static str, outcome: &'static str) {
    metrics::counter!("cache_requests_total", "tier" => tier, "outcome" => outcome).increment(1);
}
