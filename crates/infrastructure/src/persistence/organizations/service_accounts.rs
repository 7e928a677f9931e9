use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, JoinType, PaginatorTrait, QueryFilter, QuerySelect, Select};
use tenon_application::organizations::ServiceAccountView;
use tenon_application::{Page, PageRequest, StoreError, Unsorted, Viewer};
use tenon_domain::identity::UserKind;
use tenon_domain::organizations::MemberRole;
use tenon_domain::{Timestamp, UserId};
use uuid::Uuid;

use super::{RoleRow, member_user, with_role};
use crate::persistence::SqlQueries;
use crate::persistence::entities::{member, user};
use crate::persistence::error::Stored;
use crate::persistence::keyset::{at_id, page};

/// A membership of a program.
#[derive(FromQueryResult)]
struct ServiceAccountRow {
    user_id: Uuid,
    display_name: String,
    #[sea_orm(nested)]
    role: RoleRow,
    suspended_at: Option<Timestamp>,
    version: i64,
    user_version: i64,
    joined_at: Timestamp,
    updated_at: Timestamp,
    user_updated_at: Timestamp,
}

impl ServiceAccountRow {
    fn view(self) -> Result<ServiceAccountView, StoreError> {
        let MemberRole { base: role, custom: custom_role } = self.role.member_role()?;
        Ok(ServiceAccountView {
            id: self.user_id.into(),
            name: self.display_name,
            role,
            custom_role,
            suspended_at: self.suspended_at,
            version: ServiceAccountView::version_of(self.version, self.user_version),
            created_at: self.joined_at,
            updated_at: self.updated_at.max(self.user_updated_at),
        })
    }
}

fn service_accounts(viewer: Viewer) -> Select<member::Entity> {
    use member::Column;
    with_role(member::Entity::find().select_only())
        .join(JoinType::InnerJoin, member_user())
        .columns([Column::UserId, Column::SuspendedAt, Column::Version, Column::JoinedAt, Column::UpdatedAt])
        .column(user::Column::DisplayName)
        .column_as(user::Column::Version, "user_version")
        .column_as(user::Column::UpdatedAt, "user_updated_at")
        .filter(Column::OrgId.eq(viewer.organization.uuid()))
        .filter(user::Column::Kind.eq(UserKind::Service.as_str()))
}

impl SqlQueries {
    pub(super) async fn page_of_service_accounts(
        &self,
        viewer: Viewer,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<ServiceAccountView>, StoreError> {
        let database = &self.database.replica(viewer);
        let select = service_accounts(viewer);
        let total = match request.include_total {
            true => Some(select.clone().count(database).await.stored()?),
            false => None,
        };
        let id = Expr::col((member::Entity, member::Column::UserId));
        let rows = page(self.database.backend(), select, vec![], id, true, request)
            .into_model::<ServiceAccountRow>()
            .all(database)
            .await;
        let views = rows.stored()?.into_iter().map(ServiceAccountRow::view).collect::<Result<_, _>>()?;
        Ok(Page::cut(views, request.limit, total, |view: &ServiceAccountView| at_id(view.id.uuid())))
    }

    pub(super) async fn one_service_account(
        &self,
        viewer: Viewer,
        id: UserId,
    ) -> Result<Option<ServiceAccountView>, StoreError> {
        let row = service_accounts(viewer)
            .filter(member::Column::UserId.eq(id.uuid()))
            .into_model::<ServiceAccountRow>()
            .one(&self.database.replica(viewer))
            .await
            .stored()?;
        row.map(ServiceAccountRow::view).transpose()
    }
}
