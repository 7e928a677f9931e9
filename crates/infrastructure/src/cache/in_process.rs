use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use moka::ops::compute::Op;
use tenon_application::ports::Cache;

use super::{Entry, bounded, count};

/// A cache for a deployment of one instance.
#[derive(Clone, Debug)]
pub struct InProcessCache {
    entries: moka::sync::Cache<String, Entry>,
}

impl InProcessCache {
    pub const DEFAULT_CAPACITY: u64 = 100_000;

    /// Holds at most `capacity` entries; what is used least is forgotten first.
    pub fn new(capacity: u64) -> Self {
        Self { entries: bounded(capacity) }
    }
}

impl Default for InProcessCache {
    fn default() -> Self {
        Self::new(Self::DEFAULT_CAPACITY)
    }
}

#[async_trait]
impl Cache for InProcessCache {
    async fn get(&self, key: &str) -> Option<Arc<str>> {
        let entry = self.entries.get(key);
        count("in_process", if entry.is_some() { "hit" } else { "miss" });
        entry.map(|entry| entry.value)
    }

    // Both writes compute under the key's lock: a plain insert could fall between the check and the write of another.
    async fn put(&self, key: &str, value: &str, time_to_live: Duration) {
        let entry = Entry { value: value.into(), time_to_live };
        self.entries.entry_by_ref(key).and_compute_with(|_| Op::Put(entry));
    }

    async fn put_if_absent(&self, key: &str, value: &str, time_to_live: Duration) {
        let entry = Entry { value: value.into(), time_to_live };
        let write = |present: Option<_>| if present.is_some() { Op::Nop } else { Op::Put(entry) };
        self.entries.entry_by_ref(key).and_compute_with(write);
    }
}
