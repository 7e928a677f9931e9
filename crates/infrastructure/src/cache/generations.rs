use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// Keys share a generation with a few others: a fixed amount of memory, and a change seldom disturbs another key.
const GENERATIONS: usize = 4096;

/// Counts the changes of every key, so that a reader can tell whether there was one since it looked.
#[derive(Debug)]
pub(super) struct Generations {
    hasher: RandomState,
    counts: Box<[AtomicU64]>,
}

impl Generations {
    pub(super) fn new() -> Self {
        Self { hasher: RandomState::new(), counts: (0..GENERATIONS).map(|_| AtomicU64::new(0)).collect() }
    }

    pub(super) fn of(&self, key: &str) -> u64 {
        self.count(key).load(Ordering::SeqCst)
    }

    pub(super) fn advance(&self, key: &str) {
        self.count(key).fetch_add(1, Ordering::SeqCst);
    }

    fn count(&self, key: &str) -> &AtomicU64 {
        let hash = self.hasher.hash_one(key);
        let place = usize::try_from(hash % GENERATIONS as u64).unwrap_or(0);
        &self.counts[place]
    }
}
