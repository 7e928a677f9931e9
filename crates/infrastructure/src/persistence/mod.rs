//! The stores, on SQLite, PostgreSQL and MySQL/MariaDB with one code base.
//!
//! [`Database`] holds the connections, [`SqlTransactions`] begins units of work on the primary, [`SqlQueries`] answers
//! reads, [`SqlDocumentSource`] those that fill the cache, [`SqlOutbox`] is the relay's side of the outbox,
//! [`SqlIdempotencyKeys`] keeps answers, [`SqlSessionArchive`] forgets sessions and [`SqlAccountRequestArchive`] requests,
//! [`SqlSignInChallengeArchive`] and [`SqlSignInCodeArchive`] sign-ins that nobody finished,
//! [`SqlPasskeyCeremonyArchive`] ceremonies that somebody did; [`SqlSecretArchive`] knows what is encrypted with which
//! key, and [`SqlDomainArchive`] which domains are to be looked at again.
//! The rows (`entities`) are nobody else's business.

mod account_requests;
mod audit;
pub mod backup;
mod connections;
mod database;
mod documents;
mod entities;
mod error;
mod events;
mod external_subjects;
mod facts;
mod group_commit;
mod idempotency;
mod identity;
mod identity_providers;
mod keyset;
mod notifications;
mod organizations;
mod passkeys;
mod postgres_transaction;
mod projects;
mod purge;
mod queries;
mod reader;
mod row_security;
mod rows;
mod second_factors;
mod secret_archive;
mod session_archive;
mod sessions;
mod sign_in_challenges;
mod tasks;
mod teams;
mod tokens;
mod transaction;
mod unit_of_work;
mod versioned;
mod visibility;
mod watch;

pub use account_requests::SqlAccountRequestArchive;
pub use database::{Database, DatabaseHealth, DatabaseSettings};
pub use documents::SqlDocumentSource;
pub use events::SqlOutbox;
pub use facts::DatabaseFacts;
pub use idempotency::SqlIdempotencyKeys;
pub use identity_providers::SqlSignInCodeArchive;
pub use organizations::SqlDomainArchive;
pub use passkeys::SqlPasskeyCeremonyArchive;
pub use queries::SqlQueries;
pub use row_security::RowSecurity;
pub use secret_archive::SqlSecretArchive;
pub use session_archive::SqlSessionArchive;
pub use sign_in_challenges::SqlSignInChallengeArchive;
pub use tokens::SqlTokenArchive;
pub use unit_of_work::SqlTransactions;

/// So many rows at most are named or written by one statement: far from what any database takes.
const ROWS_PER_STATEMENT: usize = 500;
