use async_trait::async_trait;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QuerySelect};
use tenon_application::StoreError;
use tenon_application::organizations::OrganizationRepository;
use tenon_domain::organizations::{Organization, OrganizationState};
use uuid::Uuid;

use super::organization_state;
use crate::persistence::entities::organization;
use crate::persistence::error::Stored;
use crate::persistence::unit_of_work::SqlUnitOfWork;
use crate::persistence::versioned;

#[async_trait]
impl OrganizationRepository for SqlUnitOfWork {
    async fn current(&mut self) -> Result<Option<Organization>, StoreError> {
        let row = organization::Entity::find_by_id(self.org()?).one(&self.transaction).await.stored()?;
        Ok(row.map(organization_state).map(Organization::restore))
    }

    async fn save(&mut self, organization: Organization) -> Result<OrganizationState, StoreError> {
        let (mut state, events) = organization.into_parts();
        if events.is_empty() {
            return Ok(state);
        }
        let read_version = state.version;
        state.version += 1;
        if read_version == 0 {
            let row = organization::Model {
                id: state.id.uuid(),
                name: state.name.to_string(),
                require_mfa: state.require_mfa,
                version: state.version,
                created_at: state.created_at,
                updated_at: state.updated_at,
            };
            organization::Entity::insert(row.into_active_model())
                .exec_without_returning(&self.transaction)
                .await
                .stored()?;
            // Bound before its events are stamped, so that they belong to it.
            self.transaction.enter(state.id);
            self.organization = Some(state.id);
        } else {
            let changed = organization::ActiveModel {
                name: Set(state.name.to_string()),
                require_mfa: Set(state.require_mfa),
                version: Set(state.version),
                updated_at: Set(state.updated_at),
                ..Default::default()
            };
            let unchanged = Condition::all()
                .add(organization::Column::Id.eq(state.id.uuid()))
                .add(organization::Column::Id.eq(self.org()?))
                .add(organization::Column::Version.eq(read_version));
            versioned::update(&self.transaction, changed, unchanged).await?;
        }
        self.stamp(events);
        Ok(state)
    }

    async fn any_exists(&mut self) -> Result<bool, StoreError> {
        let any: Option<Uuid> = organization::Entity::find()
            .select_only()
            .column(organization::Column::Id)
            .limit(1)
            .into_tuple()
            .one(&self.transaction)
            .await
            .stored()?;
        Ok(any.is_some())
    }
}
