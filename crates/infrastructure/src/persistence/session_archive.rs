//! Forgetting sessions that are over.

use async_trait::async_trait;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use tenon_application::StoreError;
use tenon_application::identity::SessionArchive;
use tenon_domain::Timestamp;
use uuid::Uuid;

use super::Database;
use super::entities::session::{Column, Entity};
use super::error::Stored;

/// How many sessions are forgotten at once, so that nobody waits long for the store.
const BATCH: u64 = 500;

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
        let mut purged = 0;
        loop {
            let batch: Vec<Uuid> = Entity::find()
                .select_only()
                .column(Column::Id)
                .filter(ended.clone())
                .limit(BATCH)
                .into_tuple()
                .all(self.database.primary())
                .await
                .stored()?;
            let found = batch.len() as u64;
            if found > 0 {
                let forget = Entity::delete_many().filter(Column::Id.is_in(batch));
                purged += forget.exec(self.database.connection()).await.stored()?.rows_affected;
            }
            if found < BATCH {
                return Ok(purged);
            }
        }
    }
}
