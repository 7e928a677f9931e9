//! All secrets that are stored encrypted.

use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tenon_application::secrets::{SecretArchive, SecretPlace, StoredSecret};
use tenon_application::{Scope, StoreError};
use tenon_domain::identity::SealedSecret;
use uuid::Uuid;

use super::Database;
use super::entities::second_factor::{ActiveModel, Column, Entity};
use super::error::Stored;

/// How many are read at once.
const BATCH: u64 = 200;

/// The encrypted secrets in the database.
#[derive(Clone)]
pub struct SqlSecretArchive {
    database: Database,
}

impl SqlSecretArchive {
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl SecretArchive for SqlSecretArchive {
    async fn count_by_key(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let rows: Vec<(String, i64)> = Entity::find()
            .select_only()
            .column(Column::KeyId)
            .column_as(Column::UserId.count(), "secrets")
            .group_by(Column::KeyId)
            .order_by_asc(Column::KeyId)
            .into_tuple()
            .all(&self.database.primary(Scope::Deployment))
            .await
            .stored()?;
        Ok(rows.into_iter().map(|(key_id, count)| (key_id, count.unsigned_abs())).collect())
    }

    async fn sealed_with_others(
        &self,
        key_id: &str,
        after: Option<SecretPlace>,
    ) -> Result<Vec<StoredSecret>, StoreError> {
        let after = after.map_or(Uuid::nil(), |place| place.owner);
        let rows: Vec<(Uuid, String, String)> = Entity::find()
            .select_only()
            .columns([Column::UserId, Column::KeyId, Column::Secret])
            .filter(Column::KeyId.ne(key_id))
            .filter(Column::UserId.gt(after))
            .order_by_asc(Column::UserId)
            .limit(BATCH)
            .into_tuple()
            .all(&self.database.primary(Scope::Deployment))
            .await
            .stored()?;
        let stored = |(owner, key_id, ciphertext)| StoredSecret {
            place: SecretPlace { purpose: SecretPlace::TOTP, owner },
            sealed: SealedSecret { key_id, ciphertext },
        };
        Ok(rows.into_iter().map(stored).collect())
    }

    async fn replace(&self, read: &StoredSecret, by: &SealedSecret) -> Result<bool, StoreError> {
        let sealed =
            ActiveModel { key_id: Set(by.key_id.clone()), secret: Set(by.ciphertext.clone()), ..Default::default() };
        let transaction = self.database.single().await?;
        let written = Entity::update_many()
            .set(sealed)
            // Whoever has read the row meanwhile must not write the old one back.
            .col_expr(Column::Version, Expr::col(Column::Version).add(1))
            .filter(Column::UserId.eq(read.place.owner))
            .filter(Column::KeyId.eq(read.sealed.key_id.as_str()))
            .filter(Column::Secret.eq(read.sealed.ciphertext.as_str()))
            .exec(&transaction)
            .await
            .stored()?;
        transaction.commit().await?;
        Ok(written.rows_affected > 0)
    }
}
