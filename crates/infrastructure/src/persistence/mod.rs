//! The stores, on SQLite, PostgreSQL and MySQL/MariaDB with one code base.
//!
//! [`Database`] holds the connections, [`SqlTransactions`] begins units of work on the primary, [`SqlQueries`] answers
//! reads, [`SqlDocumentSource`] those that fill the cache, [`SqlOutbox`] is the relay's side of the outbox,
//! [`SqlIdempotencyKeys`] keeps answers and [`SqlSessionArchive`] forgets sessions. The rows (`entities`) are nobody
//! else's business.

mod audit;
pub mod backup;
mod connections;
mod database;
mod documents;
mod entities;
mod error;
mod events;
mod facts;
mod group_commit;
mod idempotency;
mod identity;
mod keyset;
mod notifications;
mod organizations;
mod projects;
mod purge;
mod queries;
mod rows;
mod session_archive;
mod tasks;
mod transaction;
mod unit_of_work;
mod versioned;
mod visibility;
mod watch;

pub use database::{Database, DatabaseHealth, DatabaseSettings};
pub use documents::SqlDocumentSource;
pub use events::SqlOutbox;
pub use facts::DatabaseFacts;
pub use idempotency::SqlIdempotencyKeys;
pub use queries::SqlQueries;
pub use session_archive::SqlSessionArchive;
pub use unit_of_work::SqlTransactions;
