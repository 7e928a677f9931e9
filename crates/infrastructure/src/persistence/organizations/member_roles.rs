//! The roles of memberships: the name of a system role, and the row of a custom one.

use sea_orm::sea_query::{Expr, ExprTrait, IntoCondition};
use sea_orm::{EntityTrait, FromQueryResult, JoinType, QueryFilter, QuerySelect, RelationDef, Select};
use tenon_application::StoreError;
use tenon_domain::access::{OrganizationAccess, Permissions};
use tenon_domain::organizations::{HeldRole, MemberRole, RoleName};
use tenon_domain::{OrganizationId, UserId};
use uuid::Uuid;

use super::{active_member, role};
use crate::persistence::SqlQueries;
use crate::persistence::entities::{custom_role, member};
use crate::persistence::error::Stored;

/// What [`with_role`] selects.
#[derive(FromQueryResult)]
pub(super) struct RoleRow {
    role: String,
    custom_role_id: Option<Uuid>,
    custom_role_name: Option<String>,
    custom_role_base: Option<String>,
    custom_role_permissions: Option<String>,
}

impl RoleRow {
    pub(super) fn member_role(self) -> Result<MemberRole, StoreError> {
        let base = role(&self.role)?;
        let Some(id) = self.custom_role_id else { return Ok(base.into()) };
        // The release before changes the system role and knows of no other: then that one counts.
        if self.custom_role_base.is_some_and(|custom| custom != self.role) {
            return Ok(base.into());
        }
        // One that is not found permits nothing.
        Ok(MemberRole { base, custom: Some(held(id, self.custom_role_name, self.custom_role_permissions)) })
    }
}

pub(super) fn held(id: Uuid, name: Option<String>, permissions: Option<String>) -> HeldRole {
    HeldRole {
        id: id.into(),
        name: RoleName::restore(name.unwrap_or_default()),
        permissions: Permissions::restore(&permissions.unwrap_or_default()),
    }
}

/// Selects the roles of the memberships in a query besides.
pub(super) fn with_role<E: EntityTrait>(select: Select<E>) -> Select<E> {
    let custom: RelationDef = member::Entity::belongs_to(custom_role::Entity)
        .from(member::Column::CustomRoleId)
        .to(custom_role::Column::Id)
        .on_condition(|left, right| {
            Expr::col((left, member::Column::OrgId)).equals((right, custom_role::Column::OrgId)).into_condition()
        })
        .into();
    select
        .join(JoinType::LeftJoin, custom)
        .columns([member::Column::Role, member::Column::CustomRoleId])
        .column_as(custom_role::Column::Name, "custom_role_name")
        .column_as(custom_role::Column::Base, "custom_role_base")
        .column_as(custom_role::Column::Permissions, "custom_role_permissions")
}

impl SqlQueries {
    /// Of the primary: what was taken from a member must not count any more. Who is suspended or deactivated has none.
    pub(in crate::persistence) async fn access_of(
        &self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<OrganizationAccess>, StoreError> {
        let membership = member::Entity::find_by_id((organization.uuid(), user.uuid())).filter(active_member());
        let row = with_role(membership.select_only())
            .into_model::<RoleRow>()
            .one(&self.database.primary(organization))
            .await
            .stored()?;
        row.map(|row| Ok(row.member_role()?.access())).transpose()
    }
}
