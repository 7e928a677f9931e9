use async_trait::async_trait;
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, JoinType, PaginatorTrait, QueryFilter, QuerySelect,
    RelationDef, Select,
};
use tenon_application::organizations::{
    InvitationView, MemberFilter, MemberView, OrganizationQueries, OrganizationView, ServiceAccountView,
};
use tenon_application::{Page, PageRequest, Position, PositionValue, Scope, StoreError, Unsorted, Viewer};
use tenon_domain::access::RoleLevel;
use tenon_domain::identity::Email;
use tenon_domain::organizations::{CustomRoleState, MemberRole, MemberStatus};
use tenon_domain::{CustomRoleId, InvitationId, Timestamp, UserId};
use uuid::Uuid;

use super::invitations::{InvitationRow, invitations_of};
use super::{RoleRow, active_member, member_user, organization_state, with_role};
use crate::persistence::SqlQueries;
use crate::persistence::entities::{invitation, member, organization, user};
use crate::persistence::error::Stored;
use crate::persistence::keyset::{Criterion, at_id, page};

/// A membership with what is shown of its user.
#[derive(FromQueryResult)]
struct MemberRow {
    user_id: Uuid,
    email: String,
    display_name: String,
    #[sea_orm(nested)]
    role: RoleRow,
    suspended_at: Option<Timestamp>,
    version: i64,
    joined_at: Timestamp,
}

impl MemberRow {
    fn view(self) -> Result<MemberView, StoreError> {
        let MemberRole { base: role, custom: custom_role } = self.role.member_role()?;
        Ok(MemberView {
            user_id: self.user_id.into(),
            email: self.email,
            display_name: self.display_name,
            role,
            custom_role,
            suspended_at: self.suspended_at,
            version: self.version,
            joined_at: self.joined_at,
        })
    }
}

/// An organization with the role of one of its members.
#[derive(FromQueryResult)]
struct OrganizationRow {
    id: Uuid,
    name: String,
    require_mfa: bool,
    #[sea_orm(nested)]
    role: RoleRow,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl OrganizationRow {
    fn view(self) -> Result<OrganizationView, StoreError> {
        let row = organization::Model {
            id: self.id,
            name: self.name,
            require_mfa: self.require_mfa,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        };
        Ok(OrganizationView::new(organization_state(row), self.role.member_role()?))
    }
}

/// The organizations that a user has access to, with their role.
fn organizations_of(user: UserId) -> Select<organization::Entity> {
    let members: RelationDef = organization::Entity::belongs_to(member::Entity)
        .from(organization::Column::Id)
        .to(member::Column::OrgId)
        .into();
    with_role(organization::Entity::find().join(JoinType::InnerJoin, members))
        .filter(member::Column::UserId.eq(user.uuid()))
        .filter(active_member())
}

fn column<E: EntityTrait>(entity: E, column: E::Column) -> SimpleExpr {
    Expr::col((entity, column))
}

#[async_trait]
impl OrganizationQueries for SqlQueries {
    async fn find(&self, viewer: Viewer) -> Result<Option<OrganizationView>, StoreError> {
        let row = organizations_of(viewer.user)
            .filter(organization::Column::Id.eq(viewer.organization.uuid()))
            .into_model::<OrganizationRow>()
            .one(&self.database.replica(viewer))
            .await
            .stored()?;
        row.map(OrganizationRow::view).transpose()
    }

    async fn list(&self, user: UserId, request: &PageRequest<Unsorted>) -> Result<Page<OrganizationView>, StoreError> {
        let database = &self.database.replica(Scope::Deployment);
        let select = organizations_of(user);
        let total = match request.include_total {
            true => Some(select.clone().count(database).await.stored()?),
            false => None,
        };
        let id = column(organization::Entity, organization::Column::Id);
        let rows = page(self.database.backend(), select, vec![], id, false, request)
            .into_model::<OrganizationRow>()
            .all(database)
            .await;
        let views = rows.stored()?.into_iter().map(OrganizationRow::view).collect::<Result<_, _>>()?;
        Ok(Page::cut(views, request.limit, total, |view: &OrganizationView| at_id(view.id.uuid())))
    }

    async fn members(
        &self,
        viewer: Viewer,
        filter: &MemberFilter,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<MemberView>, StoreError> {
        use member::Column;
        let database = &self.database.replica(viewer);
        let mut select = with_role(member::Entity::find().select_only())
            .join(JoinType::InnerJoin, member_user())
            .columns([Column::UserId, Column::SuspendedAt, Column::Version, Column::JoinedAt])
            .columns([user::Column::Email, user::Column::DisplayName])
            .filter(Column::OrgId.eq(viewer.organization.uuid()));
        if !filter.roles.is_empty() {
            select = select.filter(Column::Role.is_in(filter.roles.iter().map(|role| role.as_str())));
        }
        if !filter.custom_roles.is_empty() {
            select = select.filter(Column::CustomRoleId.is_in(filter.custom_roles.iter().map(|role| role.uuid())));
        }
        if !filter.statuses.is_empty() {
            let statuses = filter.statuses.iter().map(|status| match status {
                MemberStatus::Active => active_member(),
                MemberStatus::Suspended => Column::SuspendedAt.is_not_null(),
            });
            select = select.filter(statuses.fold(Condition::any(), Condition::add));
        }
        let total = match request.include_total {
            true => Some(select.clone().count(database).await.stored()?),
            false => None,
        };
        let joined_first = Criterion::new(column(member::Entity, Column::JoinedAt), false);
        let id = column(member::Entity, Column::UserId);
        let rows = page(self.database.backend(), select, vec![joined_first], id, false, request)
            .into_model::<MemberRow>()
            .all(database)
            .await;
        let views = rows.stored()?.into_iter().map(MemberRow::view).collect::<Result<_, _>>()?;
        Ok(Page::cut(views, request.limit, total, |view: &MemberView| Position {
            values: vec![PositionValue::Moment(view.joined_at)],
            id: view.user_id.uuid(),
        }))
    }

    async fn invitations(
        &self,
        viewer: Viewer,
        now: Timestamp,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<InvitationView>, StoreError> {
        let database = &self.database.replica(viewer);
        let select = invitations_of(viewer);
        let total = match request.include_total {
            true => Some(select.clone().count(database).await.stored()?),
            false => None,
        };
        let id = column(invitation::Entity, invitation::Column::Id);
        let rows = page(self.database.backend(), select, vec![], id, true, request)
            .into_model::<InvitationRow>()
            .all(database)
            .await;
        let views = rows.stored()?.into_iter().map(|row| row.view(now)).collect::<Result<_, _>>()?;
        Ok(Page::cut(views, request.limit, total, |view: &InvitationView| at_id(view.id.uuid())))
    }

    async fn invitation(
        &self,
        viewer: Viewer,
        id: InvitationId,
        now: Timestamp,
    ) -> Result<Option<InvitationView>, StoreError> {
        let row = invitations_of(viewer)
            .filter(invitation::Column::Id.eq(id.uuid()))
            .into_model::<InvitationRow>()
            .one(&self.database.replica(viewer))
            .await
            .stored()?;
        row.map(|row| row.view(now)).transpose()
    }

    async fn service_accounts(
        &self,
        viewer: Viewer,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<ServiceAccountView>, StoreError> {
        self.page_of_service_accounts(viewer, request).await
    }

    async fn service_account(&self, viewer: Viewer, id: UserId) -> Result<Option<ServiceAccountView>, StoreError> {
        self.one_service_account(viewer, id).await
    }

    async fn roles(
        &self,
        viewer: Viewer,
        levels: &[RoleLevel],
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<CustomRoleState>, StoreError> {
        self.page_of_roles(viewer, levels, request).await
    }

    async fn role(&self, viewer: Viewer, id: CustomRoleId) -> Result<Option<CustomRoleState>, StoreError> {
        self.one_role(viewer, id).await
    }

    async fn invited_address(&self, id: InvitationId) -> Result<Option<Email>, StoreError> {
        let email: Option<String> = invitation::Entity::find_by_id(id.uuid())
            .select_only()
            .column(invitation::Column::Email)
            .into_tuple()
            .one(&self.database.primary(Scope::Deployment))
            .await
            .stored()?;
        Ok(email.map(Email::restore))
    }
}
