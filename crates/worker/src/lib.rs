//! The worker: everything that happens after the answer was sent.
//!
//! The [`Relay`] moves events from the outbox into the queue, one job per subscriber. The [`Subscribers`] do the jobs.
//! The [`Schedules`] tidy up. [`Worker`] runs the three together, inside the API's process or in one of its own.

mod bundles;
mod pauses;
mod relay;
mod schedules;
mod subscribers;
mod worker;

pub use relay::{Relay, RelaySettings};
pub use schedules::Schedules;
pub use subscribers::{Subscribers, TraceContinuation};
pub use worker::{Worker, WorkerSettings};
