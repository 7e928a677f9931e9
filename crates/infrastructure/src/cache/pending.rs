use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A write that is not known to have reached Redis.
#[derive(Clone, Debug)]
pub(super) struct Write {
    /// `None` invalidates.
    pub(super) value: Option<Arc<str>>,
    pub(super) made_at: Instant,
    /// A time of the server that was past then, in microseconds.
    pub(super) made_after: u64,
    pub(super) time_to_live: Duration,
    /// Tells it apart from other writes of the same key.
    number: u64,
}

impl Write {
    /// How much of its life is left, or `None` when it is over.
    pub(super) fn remaining(&self) -> Option<Duration> {
        self.time_to_live.checked_sub(self.made_at.elapsed()).filter(|left| left.as_millis() > 0)
    }
}

/// The writes on their way, at most `capacity`. This instance answers from them.
#[derive(Debug)]
pub(super) struct PendingWrites {
    writes: Mutex<Writes>,
    /// Read without the lock: there is nearly always nothing pending.
    count: AtomicUsize,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Writes {
    by_key: HashMap<String, Write>,
    last_number: u64,
}

impl PendingWrites {
    pub(super) fn new(capacity: usize) -> Self {
        Self { writes: Mutex::default(), count: AtomicUsize::new(0), capacity }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count.load(Ordering::SeqCst) == 0
    }

    /// Notes a write. When there are too many, all others are given up, and the second answer is `false`.
    pub(super) fn add(&self, key: &str, value: Option<&str>, time_to_live: Duration, made_after: u64) -> (Write, bool) {
        let mut writes = self.lock();
        let all_kept = writes.by_key.len() < self.capacity || writes.by_key.contains_key(key);
        if !all_kept {
            tracing::warn!(capacity = self.capacity, "too many cache writes are pending: they are given up");
            metrics::counter!("cache_writes_dropped_total").increment(writes.by_key.len() as u64);
            writes.by_key.clear();
        }
        writes.last_number += 1;
        let value = value.map(Into::into);
        let write = Write { value, made_at: Instant::now(), made_after, time_to_live, number: writes.last_number };
        writes.by_key.insert(key.to_owned(), write.clone());
        self.count.store(writes.by_key.len(), Ordering::SeqCst);
        (write, all_kept)
    }

    /// What a pending write makes of the key: a value, or `Some(None)` when it invalidates.
    pub(super) fn find(&self, key: &str) -> Option<Option<Arc<str>>> {
        if self.is_empty() {
            return None;
        }
        self.lock().by_key.get(key).filter(|write| write.remaining().is_some()).map(|write| write.value.clone())
    }

    /// Forgets a write that arrived or whose life is over, but not one that was made after it.
    pub(super) fn settle(&self, key: &str, settled: &Write) {
        let mut writes = self.lock();
        if writes.by_key.get(key).is_some_and(|write| write.number == settled.number) {
            writes.by_key.remove(key);
        }
        self.count.store(writes.by_key.len(), Ordering::SeqCst);
    }

    /// Some of the writes.
    pub(super) fn batch(&self, size: usize) -> Vec<(String, Write)> {
        self.lock().by_key.iter().take(size).map(|(key, write)| (key.clone(), write.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Writes> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn settling_a_write_leaves_a_later_one_alone() {
        let pending = PendingWrites::new(10);
        let (first, _) = pending.add("a", Some("1"), MINUTE, 0);
        let (second, _) = pending.add("a", None, MINUTE, 0);
        pending.settle("a", &first);
        assert_eq!(pending.find("a"), Some(None));
        pending.settle("a", &second);
        assert!(pending.is_empty());
    }

    #[test]
    fn their_number_is_bounded() {
        let pending = PendingWrites::new(10);
        for n in 0..25 {
            let (_, all_kept) = pending.add(&n.to_string(), Some("value"), MINUTE, 0);
            assert_eq!(all_kept, n != 10 && n != 20, "{n}");
            assert!(pending.find(&n.to_string()).is_some());
        }
        assert_eq!(pending.batch(1000).len(), 5);
        assert_eq!(pending.find("9"), None);
    }
}
