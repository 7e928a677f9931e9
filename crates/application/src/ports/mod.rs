//! Ports that belong to no single context.

mod availability;
mod cache;
mod clock;
mod health;
mod mail;
mod queue;
mod rate_limit;
mod relay;

pub use availability::Availability;
pub use cache::{Cache, Lookup, Ticket};
pub use clock::{Clock, IdGenerator};
pub use health::HealthCheck;
pub use mail::{MailError, Mailer, Message, PushMessage, PushSender};
pub use queue::{Attempt, Job, JobError, JobHandler, JobQueue, JobRunner, QueueError};
pub use rate_limit::{RateDecision, RateLimiter, RatePolicy};
pub use relay::{RelayBell, RelayWaker};
