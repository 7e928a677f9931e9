use async_trait::async_trait;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter};
use tenon_application::StoreError;
use tenon_application::identity::IdentityProviderRepository;
use tenon_domain::IdentityProviderId;
use tenon_domain::identity::{IdentityProvider, IdentityProviderState};
use uuid::Uuid;

use super::{provider_row, provider_state};
use crate::persistence::entities::identity_provider::{ActiveModel, Column, Entity};
use crate::persistence::error::Stored;
use crate::persistence::unit_of_work::SqlUnitOfWork;
use crate::persistence::versioned;

fn unchanged(organization: Uuid, state: &IdentityProviderState) -> Condition {
    Condition::all()
        .add(Column::OrgId.eq(organization))
        .add(Column::Id.eq(state.id.uuid()))
        .add(Column::Version.eq(state.version))
}

#[async_trait]
impl IdentityProviderRepository for SqlUnitOfWork {
    async fn find(&mut self, id: IdentityProviderId) -> Result<Option<IdentityProvider>, StoreError> {
        let own = Column::OrgId.eq(self.org()?);
        let row = Entity::find_by_id(id.uuid()).filter(own).one(&self.transaction).await.stored()?;
        row.map(provider_state).transpose().map(|state| state.map(IdentityProvider::restore))
    }

    async fn count(&mut self) -> Result<u64, StoreError> {
        let organization = self.org()?;
        self.hold_organization().await?;
        Entity::find().filter(Column::OrgId.eq(organization)).count(&self.transaction).await.stored()
    }

    async fn save(&mut self, provider: IdentityProvider) -> Result<IdentityProviderState, StoreError> {
        let (mut state, events) = provider.into_parts();
        if events.is_empty() {
            return Ok(state);
        }
        let organization = self.org()?;
        let unchanged = unchanged(organization, &state);
        let is_new = state.version == 0;
        state.version += 1;
        let row = provider_row(organization, &state)?;
        if is_new {
            Entity::insert(row.into_active_model()).exec_without_returning(&self.transaction).await.stored()?;
        } else {
            let changed = ActiveModel {
                name: Set(row.name),
                issuer: Set(row.issuer),
                client_id: Set(row.client_id),
                key_id: Set(row.key_id),
                secret: Set(row.secret),
                scopes: Set(row.scopes),
                domains: Set(row.domains),
                groups_claim: Set(row.groups_claim),
                group_roles: Set(row.group_roles),
                default_role: Set(row.default_role),
                provisioning: Set(row.provisioning),
                enabled: Set(row.enabled),
                version: Set(row.version),
                updated_at: Set(row.updated_at),
                ..Default::default()
            };
            versioned::update(&self.transaction, changed, unchanged).await?;
        }
        self.stamp(events);
        Ok(state)
    }

    async fn remove(&mut self, provider: IdentityProvider) -> Result<(), StoreError> {
        let (state, events) = provider.into_parts();
        versioned::delete::<Entity>(&self.transaction, unchanged(self.org()?, &state)).await?;
        self.stamp(events);
        Ok(())
    }
}
