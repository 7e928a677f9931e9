use async_trait::async_trait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use tenon_application::StoreError;
use tenon_application::identity::PasskeyCeremonyArchive;
use tenon_domain::Timestamp;

use crate::persistence::entities::finished_ceremony::{Column, Entity};
use crate::persistence::{Database, purge};

/// The finished ceremonies in the database, which are kept as long as their tokens could come back.
#[derive(Clone)]
pub struct SqlPasskeyCeremonyArchive {
    database: Database,
}

impl SqlPasskeyCeremonyArchive {
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl PasskeyCeremonyArchive for SqlPasskeyCeremonyArchive {
    async fn purge(&self, expired_before: Timestamp) -> Result<u64, StoreError> {
        let expired = Column::ExpiresAt.lt(expired_before);
        let expired = Entity::find().select_only().column(Column::Digest).filter(expired);
        let forget = |digests: Vec<String>| Entity::delete_many().filter(Column::Digest.is_in(digests));
        purge::in_batches(&self.database, expired, forget).await
    }
}
