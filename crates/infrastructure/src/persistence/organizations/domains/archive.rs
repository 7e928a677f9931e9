use async_trait::async_trait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tenon_application::organizations::{DomainArchive, DueDomain};
use tenon_application::{Scope, StoreError};
use tenon_domain::Timestamp;

use super::domain_state;
use crate::persistence::Database;
use crate::persistence::entities::organization_domain::{Column, Entity};
use crate::persistence::error::Stored;

/// All verified domains in the database.
#[derive(Clone)]
pub struct SqlDomainArchive {
    database: Database,
}

impl SqlDomainArchive {
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl DomainArchive for SqlDomainArchive {
    async fn due(&self, checked_before: Timestamp, limit: u64) -> Result<Vec<DueDomain>, StoreError> {
        let rows = Entity::find()
            .filter(Column::VerifiedAt.is_not_null())
            .filter(Column::CheckedAt.lt(checked_before))
            .order_by_asc(Column::CheckedAt)
            .order_by_asc(Column::Id)
            .limit(limit)
            .all(&self.database.primary(Scope::Deployment))
            .await
            .stored()?;
        let due = rows.into_iter().map(|row| {
            let organization = row.org_id.into();
            let state = domain_state(row)?;
            let (record_name, record_value) = (state.name.challenge(), state.proof());
            Ok(DueDomain { organization, id: state.id, record_name, record_value })
        });
        due.collect()
    }
}
