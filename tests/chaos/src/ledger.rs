//! What a client was told, in its own words, to be compared with what is stored.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A task as its client knows it: every change was answered with success, or is still open.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: String,
    pub number: i64,
    pub title: String,
    pub status: String,
    pub assignee: String,
    /// How many changes of each kind were made, the creation included, by the names of their events.
    pub events: BTreeMap<&'static str, usize>,
}

/// A call, whatever came of it.
#[derive(Clone, Copy, Debug)]
pub struct Timed {
    pub sent: Instant,
    pub took: Duration,
}

/// Everything that one client was told.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// By the mark that the client put on the task.
    pub tasks: BTreeMap<String, Entry>,
    /// Calls that got no answer from which the client could tell, until they were repeated.
    pub unknown: usize,
    /// Calls that said themselves that they were not carried out (503).
    pub unavailable: usize,
    pub acknowledged: usize,
    pub reads: usize,
    /// Reads that were not answered with what is there.
    pub failed_reads: usize,
    pub calls: Vec<Timed>,
    /// What must never happen, in words.
    pub faults: Vec<String>,
}

impl Ledger {
    pub fn merge(&mut self, other: Self) {
        self.tasks.extend(other.tasks);
        self.unknown += other.unknown;
        self.unavailable += other.unavailable;
        self.acknowledged += other.acknowledged;
        self.reads += other.reads;
        self.failed_reads += other.failed_reads;
        self.calls.extend(other.calls);
        self.faults.extend(other.faults);
    }

    /// What did not go as it does on a good day: unknown, told 503, and reads that failed.
    pub fn failures(&self) -> (usize, usize, usize) {
        (self.unknown, self.unavailable, self.failed_reads)
    }

    /// The longest that a call took, whatever came of it.
    pub fn slowest(&self) -> Duration {
        self.calls.iter().map(|call| call.took).max().unwrap_or_default()
    }

    /// How long those calls took that were sent between these moments.
    pub fn durations(&self, from: Instant, to: Instant) -> Vec<Duration> {
        let sent = self.calls.iter().filter(|call| call.sent >= from && call.sent < to);
        sent.map(|call| call.took).collect()
    }
}
