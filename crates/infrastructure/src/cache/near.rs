use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::generations::Generations;
use super::{Entry, bounded};

/// No entry is kept longer than this: a bound on how long a lost invalidation could be felt.
const LONGEST_STAY: Duration = Duration::from_secs(60);

/// What this instance knows of the shared cache.
///
/// It is used only while the subscription to invalidations is up. A reader takes a [`NearTicket`] before it asks the shared
/// cache and shows it when it keeps the answer: if the key was invalidated in between, the answer may be the old one
/// and is not kept.
#[derive(Debug)]
pub(super) struct NearCache {
    entries: moka::sync::Cache<String, Entry>,
    generations: Generations,
    /// Odd while the subscription is up.
    epoch: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NearTicket {
    epoch: u64,
    generation: u64,
}

impl NearCache {
    pub(super) fn new(capacity: u64) -> Self {
        Self { entries: bounded(capacity), generations: Generations::new(), epoch: AtomicU64::new(0) }
    }

    /// The subscription came up or went down. What is there may be out of date.
    pub(super) fn set_up(&self, up: bool) {
        let epoch = self.epoch.load(Ordering::SeqCst);
        if (epoch % 2 == 1) != up {
            self.epoch.store(epoch + 1, Ordering::SeqCst);
        }
        self.entries.invalidate_all();
    }

    /// The ticket for reading a key, or `None` while the near cache is out of use.
    pub(super) fn ticket(&self, key: &str) -> Option<NearTicket> {
        let epoch = self.epoch.load(Ordering::SeqCst);
        let generation = self.generations.of(key);
        (epoch % 2 == 1).then_some(NearTicket { epoch, generation })
    }

    pub(super) fn get(&self, key: &str) -> Option<Arc<str>> {
        self.entries.get(key).map(|entry| entry.value)
    }

    /// Keeps what was read with this ticket.
    pub(super) fn keep(&self, ticket: NearTicket, key: &str, value: Arc<str>, time_to_live: Duration) {
        if self.ticket(key) != Some(ticket) {
            return;
        }
        let entry = Entry { value, time_to_live: time_to_live.min(LONGEST_STAY) };
        self.entries.insert(key.to_owned(), entry);
        // An invalidation that came after the first look did not find the entry yet: it is taken back here.
        if self.ticket(key) != Some(ticket) {
            self.entries.invalidate(key);
        }
    }

    pub(super) fn invalidate(&self, key: &str) {
        self.generations.advance(key);
        self.entries.invalidate(key);
    }

    /// Changes with every invalidation of the key, whether the near cache is in use or not.
    pub(super) fn generation(&self, key: &str) -> u64 {
        self.generations.of(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn what_was_read_before_an_invalidation_is_not_kept() {
        let near = NearCache::new(10_000);
        near.set_up(true);
        let ticket = near.ticket("a").unwrap();
        near.invalidate("a");
        near.keep(ticket, "a", "old".into(), MINUTE);
        assert_eq!(near.get("a"), None);
        let ticket = near.ticket("a").unwrap();
        near.keep(ticket, "a", "new".into(), MINUTE);
        assert_eq!(near.get("a").as_deref(), Some("new"));
    }

    #[test]
    fn it_is_empty_and_out_of_use_while_the_subscription_is_down() {
        let near = NearCache::new(10_000);
        assert_eq!(near.ticket("a"), None);
        near.set_up(true);
        let ticket = near.ticket("a").unwrap();
        near.keep(ticket, "a", "value".into(), MINUTE);
        near.set_up(false);
        assert_eq!(near.ticket("a"), None);
        near.set_up(true);
        assert_eq!(near.get("a"), None);
        near.keep(ticket, "a", "value".into(), MINUTE);
        assert_eq!(near.get("a"), None);
    }
}
