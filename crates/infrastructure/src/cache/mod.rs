//! Caches: in process for one instance, and in Redis with a near cache on every instance.

mod generations;
mod in_process;

mod lookups;
mod near;
mod pending;
mod redis;

pub use in_process::InProcessCache;
pub use redis::RedisCache;

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;

/// How much a cache in this process may hold, in bytes.
const CAPACITY: u64 = 32 * 1024 * 1024;
/// About what an entry takes beside its key and value, in bytes.
const OVERHEAD: usize = 256;
/// How long what a reader found is kept at most.
const LONGEST_FILL: Duration = Duration::from_secs(600);

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

/// Holds entries of at most so many bytes altogether; what is used least is forgotten first.
fn bounded(capacity: u64) -> moka::sync::Cache<String, Entry> {
    let weight = |key: &String, entry: &Entry| key.len() + entry.value.len() + OVERHEAD;
    moka::sync::Cache::builder()
        .max_capacity(capacity)
        .weigher(move |key, entry| u32::try_from(weight(key, entry)).unwrap_or(u32::MAX))
        .expire_after(OwnTimeToLive)
        .build()
}
