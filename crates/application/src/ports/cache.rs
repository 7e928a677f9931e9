use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

/// A cache of texts, shared by all instances when there is a shared store.
///
/// It may forget at any time, and it degrades instead of failing: when the shared store is away, `get` finds nothing
/// and changes are made up for once it is back. What was put or invalidated is so on this instance at once, and on
/// every other within milliseconds.
#[async_trait]
pub trait Cache: Send + Sync {
    async fn get(&self, key: &str) -> Lookup;

    /// Keeps what a reader found in the database after [`Cache::get`] found nothing: only if nothing was put or
    /// invalidated since, so that a slow reader cannot bring back what has changed in the meantime. It is kept for ten
    /// minutes at most.
    async fn fill(&self, key: &str, ticket: Ticket, value: &str, time_to_live: Duration);

    /// Writes what a change made true. Overrules whatever is there, on every instance.
    async fn put(&self, key: &str, value: &str, time_to_live: Duration);

    /// Forgets what a change made untrue, on every instance, and has those refused who looked before it.
    async fn invalidate(&self, keys: &[String]);
}

/// What a cache knows of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    Found(Arc<str>),
    Missing(Ticket),
}

impl Lookup {
    pub fn found(self) -> Option<Arc<str>> {
        match self {
            Self::Found(value) => Some(value),
            Self::Missing(_) => None,
        }
    }
}

/// What a reader who found nothing may fill the cache with: a change of the key makes it another one. Two readers with
/// the same ticket would load the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    stamp: u64,
    fills: bool,
}

impl Ticket {
    /// The stamp that the cache compares when the reader comes back.
    pub const fn new(stamp: u64) -> Self {
        Self { stamp, fills: true }
    }

    /// For a reader whose cache cannot tell what is true now and will not be filled. The stamp changes with the
    /// changes that this instance knows of.
    pub const fn blind(stamp: u64) -> Self {
        Self { stamp, fills: false }
    }

    pub const fn stamp(self) -> u64 {
        self.stamp
    }

    pub const fn is_blind(self) -> bool {
        !self.fills
    }
}
