use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use tenon_application::StoreError;
use tenon_application::organizations::DomainRepository;
use tenon_domain::access::OrganizationRole;
use tenon_domain::organizations::{DomainName, OrganizationDomain, OrganizationDomainState};
use tenon_domain::{DomainId, OrganizationId};
use uuid::Uuid;

use super::{domain_state, is_open};
use crate::persistence::entities::organization_domain::{ActiveModel, Column, Entity, Model};
use crate::persistence::error::Stored;
use crate::persistence::organizations::role;
use crate::persistence::unit_of_work::SqlUnitOfWork;
use crate::persistence::versioned;

#[async_trait]
impl DomainRepository for SqlUnitOfWork {
    async fn find(&mut self, id: DomainId) -> Result<Option<OrganizationDomain>, StoreError> {
        let row = Entity::find_by_id(id.uuid())
            .filter(Column::OrgId.eq(self.org()?))
            .one(&self.transaction)
            .await
            .stored()?;
        Ok(row.map(domain_state).transpose()?.map(OrganizationDomain::restore))
    }

    async fn save(&mut self, domain: OrganizationDomain) -> Result<OrganizationDomainState, StoreError> {
        let (mut state, events) = domain.into_parts();
        let read_version = state.version;
        state.version += 1;
        let organization = self.org()?;
        let proved_name = state.verified_at.map(|_| state.name.to_string());
        let auto_join_role = state.auto_join_role.map(|role| role.as_str().to_owned());
        if read_version == 0 {
            let row = Model {
                id: state.id.uuid(),
                org_id: organization,
                name: state.name.to_string(),
                proved_name,
                token: state.token.clone(),
                auto_join_role,
                verified_at: state.verified_at,
                checked_at: state.checked_at,
                misses: state.misses.into(),
                version: state.version,
                created_at: state.created_at,
                updated_at: state.updated_at,
            };
            Entity::insert(row.into_active_model()).exec_without_returning(&self.transaction).await.stored()?;
        } else {
            let changed = ActiveModel {
                proved_name: Set(proved_name),
                auto_join_role: Set(auto_join_role),
                verified_at: Set(state.verified_at),
                checked_at: Set(state.checked_at),
                misses: Set(state.misses.into()),
                version: Set(state.version),
                updated_at: Set(state.updated_at),
                ..Default::default()
            };
            versioned::update(&self.transaction, changed, unchanged(organization, state.id, read_version)).await?;
        }
        self.stamp(events);
        Ok(state)
    }

    async fn remove(&mut self, domain: OrganizationDomain) -> Result<(), StoreError> {
        let (state, events) = domain.into_parts();
        let unchanged = unchanged(self.org()?, state.id, state.version);
        versioned::delete::<Entity>(&self.transaction, unchanged).await?;
        self.stamp(events);
        Ok(())
    }

    async fn count(&mut self) -> Result<u64, StoreError> {
        Entity::find().filter(Column::OrgId.eq(self.org()?)).count(&self.transaction).await.stored()
    }

    async fn is_verified(&mut self, domain: &DomainName) -> Result<bool, StoreError> {
        let found: Option<Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::OrgId.eq(self.org()?))
            .filter(Column::ProvedName.eq(domain.as_str()))
            .into_tuple()
            .one(&self.transaction)
            .await
            .stored()?;
        Ok(found.is_some())
    }

    async fn open_to(&mut self, domain: &DomainName) -> Result<Vec<(OrganizationId, OrganizationRole)>, StoreError> {
        let rows: Vec<(Uuid, String)> = Entity::find()
            .select_only()
            .columns([Column::OrgId, Column::AutoJoinRole])
            .filter(is_open(domain))
            .order_by_asc(Column::OrgId)
            .into_tuple()
            .all(&self.transaction)
            .await
            .stored()?;
        rows.into_iter().map(|(organization, name)| Ok((organization.into(), role(&name)?))).collect()
    }
}

/// Finds the row as long as it is what was read.
fn unchanged(organization: Uuid, id: DomainId, version: i64) -> Condition {
    Condition::all().add(Column::Id.eq(id.uuid())).add(Column::OrgId.eq(organization)).add(Column::Version.eq(version))
}
