//! What the application is given instead of the world: time, ids, a bell and a cache.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tenon_domain::Timestamp;
use uuid::Uuid;

use super::scene::at;
use crate::ports::{Cache, Clock, IdGenerator, Lookup, RelayWaker, Ticket};

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
pub(crate) struct MemoryCache(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    values: HashMap<String, String>,
    /// Counts the changes, which is what tickets show.
    changes: u64,
    changed: HashMap<String, u64>,
    puts: u64,
}

impl Kept {
    fn ticket(&self, key: &str) -> Ticket {
        Ticket::new(self.changed.get(key).copied().unwrap_or(0))
    }

    fn change(&mut self, key: &str) {
        self.changes += 1;
        self.changed.insert(key.to_owned(), self.changes);
    }
}

impl MemoryCache {
    /// Forgets all about tasks and projects, as a cache may.
    pub(crate) fn forget_documents(&self) {
        let is_about = |key: &str| ["task", "project", "team"].iter().any(|kind| key.starts_with(kind));
        self.0.lock().unwrap().values.retain(|key, _| !is_about(key));
    }

    /// Whether anything is kept under a key that begins like this.
    pub(crate) fn knows(&self, beginning: &str) -> bool {
        self.0.lock().unwrap().values.keys().any(|key| key.starts_with(beginning))
    }

    /// Whether nothing was put.
    pub(crate) fn is_untold(&self) -> bool {
        self.0.lock().unwrap().puts == 0
    }
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: &str) -> Lookup {
        let kept = self.0.lock().unwrap();
        kept.values.get(key).map_or_else(|| Lookup::Missing(kept.ticket(key)), |it| Lookup::Found(it.as_str().into()))
    }

    async fn fill(&self, key: &str, ticket: Ticket, value: &str, _: Duration) {
        let mut kept = self.0.lock().unwrap();
        if kept.ticket(key) == ticket {
            kept.values.entry(key.to_owned()).or_insert_with(|| value.to_owned());
        }
    }

    async fn put(&self, key: &str, value: &str, _: Duration) {
        let mut kept = self.0.lock().unwrap();
        kept.change(key);
        kept.puts += 1;
        kept.values.insert(key.to_owned(), value.to_owned());
    }

    async fn invalidate(&self, keys: &[String]) {
        let mut kept = self.0.lock().unwrap();
        for key in keys {
            kept.change(key);
            kept.values.remove(key);
        }
    }
}
