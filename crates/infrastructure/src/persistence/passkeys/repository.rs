use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use tenon_application::StoreError;
use tenon_application::identity::PasskeyRepository;
use tenon_domain::identity::{Passkey, PasskeyState, TokenHash};
use tenon_domain::{PasskeyId, Timestamp, UserId};

use super::passkey_state;
use crate::persistence::entities::finished_ceremony;
use crate::persistence::entities::passkey::{ActiveModel, Column, Entity, Model};
use crate::persistence::error::Stored;
use crate::persistence::unit_of_work::SqlUnitOfWork;
use crate::persistence::versioned;

fn unchanged(id: PasskeyId, version: i64) -> Condition {
    Condition::all().add(Column::Id.eq(id.uuid())).add(Column::Version.eq(version))
}

#[async_trait]
impl PasskeyRepository for SqlUnitOfWork {
    async fn find(&mut self, id: PasskeyId) -> Result<Option<Passkey>, StoreError> {
        let row = Entity::find_by_id(id.uuid()).lock_exclusive().one(&self.transaction).await.stored()?;
        Ok(row.map(passkey_state).map(Passkey::restore))
    }

    async fn find_by_credential(&mut self, digest: &TokenHash) -> Result<Option<Passkey>, StoreError> {
        let row = Entity::find()
            .filter(Column::CredentialDigest.eq(digest.as_str()))
            .lock_exclusive()
            .one(&self.transaction)
            .await
            .stored()?;
        Ok(row.map(passkey_state).map(Passkey::restore))
    }

    async fn all_of(&mut self, user: UserId) -> Result<Vec<Passkey>, StoreError> {
        let own = Entity::find().filter(Column::UserId.eq(user.uuid())).order_by_asc(Column::Id).lock_exclusive();
        let rows = own.all(&self.transaction).await.stored()?;
        Ok(rows.into_iter().map(passkey_state).map(Passkey::restore).collect())
    }

    async fn count(&mut self, user: UserId) -> Result<u64, StoreError> {
        Entity::find().filter(Column::UserId.eq(user.uuid())).count(&self.transaction).await.stored()
    }

    async fn save(&mut self, passkey: Passkey) -> Result<PasskeyState, StoreError> {
        let (mut state, events) = passkey.into_parts();
        if events.is_empty() {
            return Ok(state);
        }
        let read_version = state.version;
        state.version += 1;
        let row = Model {
            id: state.id.uuid(),
            user_id: state.user_id.uuid(),
            credential_digest: state.credential_digest.as_str().to_owned(),
            name: state.name.to_string(),
            credential: state.credential.clone(),
            synced: state.synced,
            version: state.version,
            created_at: state.created_at,
            last_used_at: state.last_used_at,
        };
        if read_version == 0 {
            Entity::insert(row.into_active_model()).exec_without_returning(&self.transaction).await.stored()?;
        } else {
            let changed = ActiveModel {
                name: Set(row.name),
                credential: Set(row.credential),
                synced: Set(row.synced),
                version: Set(row.version),
                last_used_at: Set(row.last_used_at),
                ..Default::default()
            };
            versioned::update(&self.transaction, changed, unchanged(state.id, read_version)).await?;
        }
        self.stamp(events);
        Ok(state)
    }

    async fn remove(&mut self, passkey: Passkey) -> Result<(), StoreError> {
        let (state, events) = passkey.into_parts();
        versioned::delete::<Entity>(&self.transaction, unchanged(state.id, state.version)).await?;
        self.stamp(events);
        Ok(())
    }

    async fn erase_all(&mut self, user: UserId) -> Result<(), StoreError> {
        let own = Column::UserId.eq(user.uuid());
        Entity::delete_many().filter(own).exec(&self.transaction).await.stored()?;
        Ok(())
    }

    async fn finish(&mut self, ceremony: &TokenHash, expires_at: Timestamp) -> Result<(), StoreError> {
        let row = finished_ceremony::Model { digest: ceremony.as_str().to_owned(), expires_at };
        let insert = finished_ceremony::Entity::insert(row.into_active_model());
        insert.exec_without_returning(&self.transaction).await.stored()?;
        Ok(())
    }
}
