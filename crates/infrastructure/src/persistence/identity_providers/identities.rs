use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
};
use tenon_application::StoreError;
use tenon_application::identity::ExternalIdentityRepository;
use tenon_domain::identity::{ExternalIdentity, ExternalIdentityState, ExternalSubject, Issuer, ProviderKey};
use tenon_domain::{ExternalIdentityId, IdentityProviderId, UserId};

use super::provider_key;
use crate::persistence::entities::external_identity::{ActiveModel, Column, Entity, Model};
use crate::persistence::error::Stored;
use crate::persistence::unit_of_work::SqlUnitOfWork;
use crate::persistence::versioned;

pub(super) fn identity_state(row: Model) -> Result<ExternalIdentityState, StoreError> {
    Ok(ExternalIdentityState {
        id: row.id.into(),
        user_id: row.user_id.into(),
        provider: provider_key(&row.provider)?,
        issuer: Issuer::restore(row.issuer),
        subject: ExternalSubject::restore(row.subject),
        created_at: row.created_at,
        last_used_at: row.last_used_at,
    })
}

fn restored(row: Option<Model>) -> Result<Option<ExternalIdentity>, StoreError> {
    row.map(identity_state).transpose().map(|state| state.map(ExternalIdentity::restore))
}

#[async_trait]
impl ExternalIdentityRepository for SqlUnitOfWork {
    async fn find(
        &mut self,
        provider: &ProviderKey,
        issuer: &Issuer,
        subject: &ExternalSubject,
    ) -> Result<Option<ExternalIdentity>, StoreError> {
        let row = Entity::find()
            .filter(Column::Provider.eq(provider.to_string()))
            .filter(Column::Issuer.eq(issuer.as_str()))
            .filter(Column::Subject.eq(subject.as_str()))
            .one(&self.transaction)
            .await;
        restored(row.stored()?)
    }

    async fn find_own(&mut self, user: UserId, id: ExternalIdentityId) -> Result<Option<ExternalIdentity>, StoreError> {
        let own = Column::UserId.eq(user.uuid());
        restored(Entity::find_by_id(id.uuid()).filter(own).one(&self.transaction).await.stored()?)
    }

    async fn all_of(&mut self, user: UserId) -> Result<Vec<ExternalIdentity>, StoreError> {
        let own = Entity::find().filter(Column::UserId.eq(user.uuid())).order_by_asc(Column::Id);
        let rows = own.all(&self.transaction).await.stored()?;
        rows.into_iter().map(|row| identity_state(row).map(ExternalIdentity::restore)).collect()
    }

    async fn is_known(&mut self, user: UserId, provider: &ProviderKey, issuer: &Issuer) -> Result<bool, StoreError> {
        let known = Entity::find()
            .filter(Column::UserId.eq(user.uuid()))
            .filter(Column::Provider.eq(provider.to_string()))
            .filter(Column::Issuer.eq(issuer.as_str()))
            .count(&self.transaction)
            .await;
        Ok(known.stored()? > 0)
    }

    async fn count_of(&mut self, user: UserId) -> Result<u64, StoreError> {
        Entity::find().filter(Column::UserId.eq(user.uuid())).count(&self.transaction).await.stored()
    }

    async fn save(&mut self, identity: ExternalIdentity) -> Result<(), StoreError> {
        let is_new = identity.is_new();
        let (state, events) = identity.into_parts();
        if is_new {
            let row = Model {
                id: state.id.uuid(),
                user_id: state.user_id.uuid(),
                provider: state.provider.to_string(),
                provider_id: state.provider.id().map(IdentityProviderId::uuid),
                issuer: state.issuer.to_string(),
                subject: state.subject.as_str().to_owned(),
                created_at: state.created_at,
                last_used_at: state.last_used_at,
            };
            Entity::insert(row.into_active_model()).exec_without_returning(&self.transaction).await.stored()?;
        } else {
            let used = ActiveModel { last_used_at: Set(state.last_used_at), ..Default::default() };
            versioned::update(&self.transaction, used, Condition::all().add(Column::Id.eq(state.id.uuid()))).await?;
        }
        self.stamp(events);
        Ok(())
    }

    async fn remove(&mut self, identity: ExternalIdentity) -> Result<(), StoreError> {
        let (state, events) = identity.into_parts();
        versioned::delete::<Entity>(&self.transaction, Condition::all().add(Column::Id.eq(state.id.uuid()))).await?;
        self.stamp(events);
        Ok(())
    }

    async fn erase_all(&mut self, user: UserId) -> Result<(), StoreError> {
        let own = Column::UserId.eq(user.uuid());
        Entity::delete_many().filter(own).exec(&self.transaction).await.stored()?;
        Ok(())
    }
}
