//! The outbox in SQL: written by units of work, read by the relay, completed by receipts.

mod failed_jobs;
mod log;
mod outbox;

pub use outbox::SqlOutbox;
