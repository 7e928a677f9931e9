//! The use cases of Tenon, and the ports through which they reach the world.
//!
//! Every change is a [`Command`] and goes through [`App::execute`]; every read is a [`Query`] and goes through
//! [`App::ask`]. Flows with a slow part (hashing a password) are small services that do it outside any transaction.

pub mod actor;
mod app;
pub mod audit;
pub mod command;
pub mod documents;
pub mod error;
pub mod events;
pub mod idempotency;
pub mod identity;
#[cfg(test)]
mod in_memory;
pub mod notifications;
mod operation_metrics;
pub mod organizations;
pub mod page;
mod places;
pub mod ports;
pub mod projects;
pub mod query;
mod replica;
#[cfg(any(test, feature = "test-support"))]
pub mod samples;
pub mod secrets;
pub mod tasks;
mod token_access;
pub mod unit_of_work;

pub use actor::{Actor, Credential, Denial, Origin, Principal, Viewer};
pub use app::App;
pub use command::{Command, Effect, Tenancy, Work};
pub use error::AppError;
pub use page::{Page, PageRequest, Position, PositionValue, SortBy, Unsorted};
pub use query::{Queries, Query, Reader};
pub use replica::Replica;
pub use token_access::TokenAccess;
pub use unit_of_work::{Scope, StoreError, Transactions, UnitOfWork};
