use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use moka::ops::compute::Op;
use tenon_application::ports::{Cache, Lookup, Ticket};

use super::generations::Generations;
use super::lookups::count;
use super::{CAPACITY, Entry, LONGEST_FILL, bounded};

/// A cache for a deployment of one instance.
#[derive(Clone, Debug)]
pub struct InProcessCache {
    entries: moka::sync::Cache<String, Entry>,
    generations: Arc<Generations>,
}

impl InProcessCache {
    /// Holds at most `capacity` bytes; what is used least is forgotten first.
    pub fn new(capacity: u64) -> Self {
        Self { entries: bounded(capacity), generations: Arc::new(Generations::new()) }
    }
}

impl Default for InProcessCache {
    fn default() -> Self {
        Self::new(CAPACITY)
    }
}

// A change counts the generation on before it writes, and all writes compute under the key's lock: a fill that still
// saw the old generation is over before the change writes, and any later one is refused. An entry that was forgotten
// to make room leaves no trace; the generation does.
#[async_trait]
impl Cache for InProcessCache {
    async fn get(&self, key: &str) -> Lookup {
        let ticket = Ticket::new(self.generations.of(key));
        let entry = self.entries.get(key);
        count(key, "in_process", if entry.is_some() { "hit" } else { "miss" });
        entry.map_or(Lookup::Missing(ticket), |entry| Lookup::Found(entry.value))
    }

    async fn fill(&self, key: &str, ticket: Ticket, value: &str, time_to_live: Duration) {
        let entry = Entry { value: value.into(), time_to_live: time_to_live.min(LONGEST_FILL) };
        let unchanged = || Ticket::new(self.generations.of(key)) == ticket;
        self.entries.entry_by_ref(key).and_compute_with(|_| if unchanged() { Op::Put(entry) } else { Op::Nop });
    }

    async fn put(&self, key: &str, value: &str, time_to_live: Duration) {
        self.generations.advance(key);
        let entry = Entry { value: value.into(), time_to_live };
        self.entries.entry_by_ref(key).and_compute_with(|_| Op::Put(entry));
    }

    async fn invalidate(&self, keys: &[String]) {
        for key in keys {
            self.generations.advance(key);
            self.entries.entry_by_ref(key).and_compute_with(|_| Op::Remove);
        }
    }
}
