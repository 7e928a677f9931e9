//! All secrets that are stored encrypted: of authenticator apps, and those that Tenon shows identity providers.

use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tenon_application::secrets::{SecretArchive, SecretPlace, StoredSecret};
use tenon_application::{Scope, StoreError};
use tenon_domain::identity::SealedSecret;
use uuid::Uuid;

use super::Database;
use super::entities::{identity_provider, second_factor};
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

    async fn of_apps(&self, key_id: &str, after: Uuid) -> Result<Vec<(Uuid, String, String)>, StoreError> {
        use second_factor::{Column, Entity};
        Entity::find()
            .select_only()
            .columns([Column::UserId, Column::KeyId, Column::Secret])
            .filter(Column::KeyId.ne(key_id))
            .filter(Column::UserId.gt(after))
            .order_by_asc(Column::UserId)
            .limit(BATCH)
            .into_tuple()
            .all(&self.database.primary(Scope::Deployment))
            .await
            .stored()
    }

    async fn of_providers(&self, key_id: &str, after: Uuid) -> Result<Vec<(Uuid, String, String)>, StoreError> {
        use identity_provider::{Column, Entity};
        Entity::find()
            .select_only()
            .columns([Column::Id, Column::KeyId, Column::Secret])
            .filter(Column::KeyId.ne(key_id))
            .filter(Column::Secret.is_not_null())
            .filter(Column::Id.gt(after))
            .order_by_asc(Column::Id)
            .limit(BATCH)
            .into_tuple()
            .all(&self.database.primary(Scope::Deployment))
            .await
            .stored()
    }
}

/// A secret of this purpose, from the columns of its row.
fn stored_secret(purpose: &'static str) -> impl Fn((Uuid, String, String)) -> StoredSecret {
    move |(owner, key_id, ciphertext)| StoredSecret {
        place: SecretPlace { purpose, owner },
        sealed: SealedSecret { key_id, ciphertext },
    }
}

#[async_trait]
impl SecretArchive for SqlSecretArchive {
    async fn count_by_key(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let database = &self.database.primary(Scope::Deployment);
        let of_apps: Vec<(String, i64)> = second_factor::Entity::find()
            .select_only()
            .column(second_factor::Column::KeyId)
            .column_as(second_factor::Column::UserId.count(), "secrets")
            .group_by(second_factor::Column::KeyId)
            .into_tuple()
            .all(database)
            .await
            .stored()?;
        let of_providers: Vec<(String, i64)> = identity_provider::Entity::find()
            .select_only()
            .column(identity_provider::Column::KeyId)
            .column_as(identity_provider::Column::Id.count(), "secrets")
            .filter(identity_provider::Column::KeyId.is_not_null())
            .group_by(identity_provider::Column::KeyId)
            .into_tuple()
            .all(database)
            .await
            .stored()?;
        let mut counts = std::collections::BTreeMap::<String, u64>::new();
        for (key_id, count) in of_apps.into_iter().chain(of_providers) {
            *counts.entry(key_id).or_default() += count.unsigned_abs();
        }
        Ok(counts.into_iter().collect())
    }

    async fn sealed_with_others(
        &self,
        key_id: &str,
        after: Option<SecretPlace>,
    ) -> Result<Vec<StoredSecret>, StoreError> {
        let (is_among_providers, after) = match after {
            Some(place) => (place.purpose == SecretPlace::OIDC, place.owner),
            None => (false, Uuid::nil()),
        };
        if is_among_providers {
            let rows = self.of_providers(key_id, after).await?;
            return Ok(rows.into_iter().map(stored_secret(SecretPlace::OIDC)).collect());
        }
        let rows = self.of_apps(key_id, after).await?;
        if !rows.is_empty() {
            return Ok(rows.into_iter().map(stored_secret(SecretPlace::TOTP)).collect());
        }
        let rows = self.of_providers(key_id, Uuid::nil()).await?;
        Ok(rows.into_iter().map(stored_secret(SecretPlace::OIDC)).collect())
    }

    async fn replace(&self, read: &StoredSecret, by: &SealedSecret) -> Result<bool, StoreError> {
        let (owner, old) = (read.place.owner, &read.sealed);
        let transaction = self.database.begin(Scope::Deployment, None).await?;
        // Whoever has read the row meanwhile must not write the old one back.
        let written = if read.place.purpose == SecretPlace::OIDC {
            use identity_provider::{ActiveModel, Column, Entity};
            let sealed = ActiveModel {
                key_id: Set(Some(by.key_id.clone())),
                secret: Set(Some(by.ciphertext.clone())),
                ..Default::default()
            };
            let update = Entity::update_many().set(sealed).col_expr(Column::Version, Expr::col(Column::Version).add(1));
            let update = update.filter(Column::Id.eq(owner)).filter(Column::KeyId.eq(old.key_id.as_str()));
            update.filter(Column::Secret.eq(old.ciphertext.as_str())).exec(&transaction).await
        } else {
            use second_factor::{ActiveModel, Column, Entity};
            let sealed = ActiveModel {
                key_id: Set(by.key_id.clone()),
                secret: Set(by.ciphertext.clone()),
                ..Default::default()
            };
            let update = Entity::update_many().set(sealed).col_expr(Column::Version, Expr::col(Column::Version).add(1));
            let update = update.filter(Column::UserId.eq(owner)).filter(Column::KeyId.eq(old.key_id.as_str()));
            update.filter(Column::Secret.eq(old.ciphertext.as_str())).exec(&transaction).await
        };
        let written = written.stored()?;
        transaction.commit().await?;
        Ok(written.rows_affected > 0)
    }
}
