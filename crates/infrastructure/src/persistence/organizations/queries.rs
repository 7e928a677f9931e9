use async_trait::async_trait;
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, JoinType, PaginatorTrait, QueryFilter, QuerySelect,
    RelationDef, Select,
};
use tenon_application::organizations::{
    InvitationView, MemberFilter, MemberView, OrganizationQueries, OrganizationView, ServiceAccountView,
};
use tenon_application::{Page, PageRequest, Scope, StoreError, Unsorted, Viewer};
use tenon_domain::access::RoleLevel;
use tenon_domain::identity::Email;
use tenon_domain::organizations::{CustomRoleState, InvitationStatus};
use tenon_domain::{CustomRoleId, InvitationId, OrganizationId, Timestamp, UserId};
use uuid::Uuid;

use super::invitations::{InvitationRow, being, invitations_of};
use super::{RoleRow, active_member, organization_state, with_role};
use crate::persistence::SqlQueries;
use crate::persistence::entities::{invitation, member, organization};
use crate::persistence::error::Stored;
use crate::persistence::keyset::{at_id, page};

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
        self.find_of(viewer.user, viewer.organization).await
    }

    async fn find_of(&self, user: UserId, id: OrganizationId) -> Result<Option<OrganizationView>, StoreError> {
        let row = organizations_of(user)
            .filter(organization::Column::Id.eq(id.uuid()))
            .into_model::<OrganizationRow>()
            .one(&self.database.replica(id))
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
        self.page_of_members(viewer, filter, request).await
    }

    async fn member(&self, viewer: Viewer, user: UserId) -> Result<Option<MemberView>, StoreError> {
        self.one_member(viewer, user).await
    }

    async fn invitations(
        &self,
        viewer: Viewer,
        statuses: &[InvitationStatus],
        now: Timestamp,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<InvitationView>, StoreError> {
        let database = &self.database.replica(viewer);
        let mut select = invitations_of(viewer);
        if !statuses.is_empty() {
            let statuses = statuses.iter().map(|status| being(*status, now));
            select = select.filter(statuses.fold(Condition::any(), Condition::add));
        }
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
