use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, FromQueryResult, IntoActiveModel, JoinType, QueryFilter,
    QuerySelect, RelationDef, Select,
};
use tenon_application::organizations::{InvitationRepository, InvitationView};
use tenon_application::{StoreError, Viewer};
use tenon_domain::identity::Email;
use tenon_domain::organizations::{Invitation, InvitationState, InvitationStatus};
use tenon_domain::{InvitationId, OrganizationId, Timestamp};
use uuid::Uuid;

use super::invitation_state;
use super::member_roles::held;
use crate::persistence::entities::{custom_role, invitation};
use crate::persistence::error::Stored;
use crate::persistence::unit_of_work::SqlUnitOfWork;
use crate::persistence::versioned;

#[async_trait]
impl InvitationRepository for SqlUnitOfWork {
    async fn find(&mut self, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
        let row = invitation::Entity::find_by_id(id.uuid())
            .filter(invitation::Column::OrgId.eq(self.org()?))
            .one(&self.transaction)
            .await
            .stored()?;
        Ok(row.map(invitation_state).transpose()?.map(Invitation::restore))
    }

    async fn organization_of(&mut self, id: InvitationId) -> Result<Option<OrganizationId>, StoreError> {
        let organization: Option<Uuid> = invitation::Entity::find_by_id(id.uuid())
            .select_only()
            .column(invitation::Column::OrgId)
            .into_tuple()
            .one(&self.transaction)
            .await
            .stored()?;
        Ok(organization.map(Into::into))
    }

    async fn pending_for(&mut self, email: &Email, now: Timestamp) -> Result<bool, StoreError> {
        let found: Option<Uuid> = invitation::Entity::find()
            .select_only()
            .column(invitation::Column::Id)
            .filter(invitation::Column::OrgId.eq(self.org()?))
            .filter(invitation::Column::Email.eq(email.as_str()))
            .filter(invitation::Column::AcceptedAt.is_null())
            .filter(invitation::Column::RevokedAt.is_null())
            .filter(invitation::Column::ExpiresAt.gt(now))
            .limit(1)
            .into_tuple()
            .one(&self.transaction)
            .await
            .stored()?;
        Ok(found.is_some())
    }

    async fn save(&mut self, invitation: Invitation) -> Result<InvitationState, StoreError> {
        let (state, events) = invitation.into_parts();
        let is_used_up = state.accepted_at.is_some() || state.revoked_at.is_some();
        if is_used_up {
            self.use_up(&state).await?;
        } else if !events.is_empty() {
            let row = invitation::Model {
                id: state.id.uuid(),
                org_id: self.org()?,
                email: state.email.to_string(),
                role: state.role.as_str().to_owned(),
                custom_role_id: state.custom_role.map(Into::into),
                invited_by: state.invited_by.uuid(),
                created_at: state.created_at,
                expires_at: state.expires_at,
                accepted_at: None,
                revoked_at: None,
            };
            invitation::Entity::insert(row.into_active_model())
                .exec_without_returning(&self.transaction)
                .await
                .stored()?;
        }
        self.stamp(events);
        Ok(state)
    }
}

impl SqlUnitOfWork {
    /// An invitation is used up once: accepting or revoking it takes the place of a version.
    async fn use_up(&mut self, state: &InvitationState) -> Result<(), StoreError> {
        let changed = invitation::ActiveModel {
            accepted_at: Set(state.accepted_at),
            revoked_at: Set(state.revoked_at),
            ..Default::default()
        };
        let unused = Condition::all()
            .add(invitation::Column::Id.eq(state.id.uuid()))
            .add(invitation::Column::OrgId.eq(self.org()?))
            .add(invitation::Column::AcceptedAt.is_null())
            .add(invitation::Column::RevokedAt.is_null());
        versioned::update(&self.transaction, changed, unused).await
    }
}

/// An invitation with the custom role that it is for, if there still is such a role.
#[derive(FromQueryResult)]
pub(super) struct InvitationRow {
    #[sea_orm(nested)]
    invitation: invitation::Model,
    custom_role_name: Option<String>,
    custom_role_permissions: Option<String>,
}

impl InvitationRow {
    pub(super) fn view(self, now: Timestamp) -> Result<InvitationView, StoreError> {
        let Self { invitation, custom_role_name: name, custom_role_permissions: permissions } = self;
        let there = invitation.custom_role_id.filter(|_| name.is_some());
        let custom_role = there.map(|id| held(id, name, permissions));
        Ok(InvitationView::new(invitation_state(invitation)?, custom_role, now))
    }
}

pub(super) fn invitations_of(viewer: Viewer) -> Select<invitation::Entity> {
    let custom: RelationDef = invitation::Entity::belongs_to(custom_role::Entity)
        .from(invitation::Column::CustomRoleId)
        .to(custom_role::Column::Id)
        .into();
    invitation::Entity::find()
        .join(JoinType::LeftJoin, custom)
        .column_as(custom_role::Column::Name, "custom_role_name")
        .column_as(custom_role::Column::Permissions, "custom_role_permissions")
        .filter(invitation::Column::OrgId.eq(viewer.organization.uuid()))
}

/// The rows of invitations with this status by now: what `InvitationState::status` says, in SQL.
pub(super) fn being(status: InvitationStatus, now: Timestamp) -> Condition {
    use invitation::Column;
    let open = Condition::all().add(Column::AcceptedAt.is_null()).add(Column::RevokedAt.is_null());
    match status {
        InvitationStatus::Accepted => Condition::all().add(Column::AcceptedAt.is_not_null()),
        InvitationStatus::Revoked => {
            Condition::all().add(Column::AcceptedAt.is_null()).add(Column::RevokedAt.is_not_null())
        }
        InvitationStatus::Expired => open.add(Column::ExpiresAt.lte(now)),
        InvitationStatus::Pending => open.add(Column::ExpiresAt.gt(now)),
    }
}
