//! Forgetting sessions that are over.

use async_trait::async_trait;
use sea_orm::{ColumnTrait, Condition};
use tenon_application::StoreError;
use tenon_application::identity::SessionArchive;
use tenon_domain::Timestamp;

use super::entities::session::{Column, Entity};
use super::{Database, purge};

/// The sessions in the database.
#[derive(Clone)]
pub struct SqlSessionArchive {
    database: Database,
}

impl SqlSessionArchive {
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl SessionArchive for SqlSessionArchive {
    async fn purge(&self, ended_before: Timestamp) -> Result<u64, StoreError> {
        let ended = Condition::any().add(Column::ExpiresAt.lt(ended_before)).add(Column::RevokedAt.lt(ended_before));
        purge::by_id::<Entity>(&self.database, Column::Id, ended).await
    }
}
