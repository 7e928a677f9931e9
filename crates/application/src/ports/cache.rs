use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

/// A cache of small texts, shared by all instances when there is a shared store.
///
/// It may forget at any time, and it degrades instead of failing: when the shared store is away, `get` finds nothing
/// and writes are made up for once it is back. What `put` wrote is seen by every instance within milliseconds.
#[async_trait]
pub trait Cache: Send + Sync {
    async fn get(&self, key: &str) -> Option<Arc<str>>;

    /// Writes what a change made true. Overrules whatever is there, on every instance.
    async fn put(&self, key: &str, value: &str, time_to_live: Duration);

    /// Writes what a reader found in the database. Never overrules what [`Cache::put`] wrote in the meantime.
    async fn put_if_absent(&self, key: &str, value: &str, time_to_live: Duration);
}
