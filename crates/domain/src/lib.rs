//! The rules of Tenon: entities, value objects, events and policies.
//!
//! Pure code: no I/O, no clock, no randomness, no serialization. Time and ids arrive as arguments, so that every
//! rule can be tested with nothing but values. One module a bounded context; the same word names the context in
//! every other crate.

pub mod access;
pub mod audit;
pub mod event;
pub mod id;
pub mod identity;
pub mod notifications;
pub mod organizations;
pub mod projects;
pub mod tasks;
mod text;
pub mod violation;

pub use event::{DomainEvent, Fact, FieldChange, FieldValue, ResourceKind, Subject};
pub use id::*;
pub use violation::{Violation, ViolationKind};

/// A moment in UTC. Clocks hand them out truncated to milliseconds, which every store keeps exactly.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

/// Counts the changes of a stored entity, from 1. An entity with version 0 has never been stored.
pub type Version = i64;
