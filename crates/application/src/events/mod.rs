//! How events travel: from the transaction that made them, over the outbox and the relay, to the subscribers.
//!
//! An event is stored in the **outbox** by the transaction that made it. The **relay** claims stored events and pushes
//! one **job** per subscriber into the queue. A subscriber notes a **receipt** in the transaction of its effect, so
//! that however often a job runs, its effect happens once; the last receipt completes the event. An event whose
//! receipts do not arrive is claimed again, so that neither a lost queue nor a killed worker loses anything.

mod data;
mod keep_failed_job;
mod record;
mod team_data;

use std::time::Duration;

use async_trait::async_trait;
pub use data::{Channel, Delivery, EventData, StatusRecord};
pub use keep_failed_job::KeepFailedJob;
pub use record::{ActorRecord, ChangeRecord, EventRecord, OriginRecord, SubjectRecord};
use tenon_domain::{DomainEvent, EventId, Timestamp};

use crate::actor::Origin;
use crate::unit_of_work::StoreError;

/// The names of the subscribers.
pub mod subscriber {
    pub const AUDIT: &str = "audit";
    pub const NOTIFICATIONS: &str = "notifications";
    pub const EMAIL: &str = "email";
    pub const PUSH: &str = "push";
}

/// The subscribers an event goes to, by its name.
pub fn subscribers_of(event_name: &str) -> &'static [&'static str] {
    match event_name {
        Delivery::EMAIL => &[subscriber::EMAIL],
        Delivery::PUSH => &[subscriber::PUSH],
        _ => &[subscriber::NOTIFICATIONS, subscriber::AUDIT],
    }
}

/// The outbox as a unit of work writes it.
#[async_trait]
pub trait EventLog: Send {
    /// Stores events that no entity's `save` stores, stamped like those.
    async fn record(&mut self, events: Vec<DomainEvent>) -> Result<(), StoreError>;
    /// Stores messages to be delivered outside Tenon, each with the origin of what caused it; each goes through the same
    /// outbox as an event.
    async fn deliver(&mut self, deliveries: Vec<(Origin, Delivery)>) -> Result<(), StoreError>;
}

/// Which subscriber has done its work on which event.
#[async_trait]
pub trait EventReceipts: Send {
    /// Notes that `subscriber` handles `event` in this transaction; `false` when it already has.
    async fn note(&mut self, event: EventId, subscriber: &str) -> Result<bool, StoreError>;
    /// Notes that `subscriber` handles these events in this transaction, in a fixed number of statements. Answers those
    /// it has not handled before.
    async fn note_all(&mut self, events: &[EventId], subscriber: &str) -> Result<Vec<EventId>, StoreError>;
    /// Keeps a job that will not be tried again, for people to look at and to run again.
    async fn note_failure(&mut self, failed: &FailedJob) -> Result<(), StoreError>;
}

/// A job that was given up.
#[derive(Clone, Debug, PartialEq)]
pub struct FailedJob {
    pub subscriber: String,
    pub event: EventRecord,
    pub error: String,
    pub failed_at: Timestamp,
}

/// An event that the relay has claimed.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimedEvent {
    pub record: EventRecord,
    /// The how-manieth time it was claimed, from 1.
    pub delivery: u32,
    /// The subscribers that have not handled it yet.
    pub subscribers: Vec<String>,
}

/// How much the relay has before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Events that not all subscribers have handled.
    pub pending: u64,
    /// The age of the oldest of them.
    pub lag: Duration,
}

/// The outbox as the relay reads it.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Takes up to `limit` events that are due, oldest first; no one else gets them before `due_again`.
    async fn claim(&self, now: Timestamp, due_again: Timestamp, limit: u64) -> Result<Vec<ClaimedEvent>, StoreError>;
    /// Makes claimed events due at `at`, because they could not be pushed.
    async fn postpone(&self, events: &[EventId], at: Timestamp) -> Result<(), StoreError>;
    /// Those of the events that `subscriber` has not handled.
    async fn unhandled(&self, events: &[EventId], subscriber: &str) -> Result<Vec<EventId>, StoreError>;
    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError>;
    /// Forgets events that all subscribers have handled, and their receipts. Answers how many.
    async fn purge(&self, completed_before: Timestamp) -> Result<u64, StoreError>;
    /// Failed jobs, newest first.
    async fn failed_jobs(&self, limit: u64) -> Result<Vec<FailedJob>, StoreError>;
    /// Makes every failed job due again, and forgets the failures. Answers how many.
    async fn retry_failed_jobs(&self, now: Timestamp) -> Result<u64, StoreError>;
}

#[cfg(test)]
mod tests;
