//! Use cases on the audit trail: appending events to it, and reading it.

mod append_entries;
mod list_entries;
mod ports;

pub use append_entries::AppendAuditEntries;
pub use list_entries::ListAuditEntries;
#[cfg(test)]
pub(crate) use ports::MockAuditQueries;
pub use ports::{AuditEntryView, AuditFilter, AuditQueries, AuditRepository};

#[cfg(test)]
mod tests;
