//! The read side: one adapter behind every query port.

use std::sync::Arc;

use tenon_application::Queries;

use super::Database;

/// Answers reads: identity from the primary, everything else from the replica where there is one.
#[derive(Clone)]
pub struct SqlQueries {
    pub(super) database: Database,
}

impl SqlQueries {
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// This adapter behind every query port.
    pub fn queries(self) -> Queries {
        let queries = Arc::new(self);
        Queries {
            identity: queries.clone(),
            tokens: queries.clone(),
            passkeys: queries.clone(),
            identity_providers: queries.clone(),
            organizations: queries.clone(),
            teams: queries.clone(),
            domains: queries.clone(),
            projects: queries.clone(),
            tasks: queries.clone(),
            notifications: queries.clone(),
            audit: queries,
        }
    }
}
