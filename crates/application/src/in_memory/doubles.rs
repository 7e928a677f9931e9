//! What the application is given instead of the world: time, ids, a bell and a cache.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tenon_domain::Timestamp;
use uuid::Uuid;

use super::scene::at;
use crate::ports::{Cache, Clock, IdGenerator, RelayWaker};

/// A clock that shows the minute it was set to.
pub(crate) struct StandingClock(pub(super) AtomicI64);

impl StandingClock {
    pub(crate) fn set(&self, minutes: i64) {
        self.0.store(minutes, Ordering::SeqCst);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        at(self.0.load(Ordering::SeqCst))
    }
}

#[derive(Default)]
pub(super) struct CountedIds(AtomicU64);

impl IdGenerator for CountedIds {
    fn next_id(&self) -> Uuid {
        Uuid::from_u128(0xF000 + u128::from(self.0.fetch_add(1, Ordering::SeqCst)))
    }
}

/// Counts how often the relay was woken.
#[derive(Default)]
pub(crate) struct CountingBell(AtomicU32);

impl CountingBell {
    pub(crate) fn rings(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

impl RelayWaker for CountingBell {
    fn wake(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A cache that forgets nothing.
#[derive(Default)]
pub(crate) struct MemoryCache(Mutex<HashMap<String, String>>);

impl MemoryCache {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: &str) -> Option<Arc<str>> {
        self.0.lock().unwrap().get(key).map(|it| it.as_str().into())
    }

    async fn put(&self, key: &str, value: &str, _: Duration) {
        self.0.lock().unwrap().insert(key.to_owned(), value.to_owned());
    }

    async fn put_if_absent(&self, key: &str, value: &str, _: Duration) {
        self.0.lock().unwrap().entry(key.to_owned()).or_insert_with(|| value.to_owned());
    }
}
