use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, JoinType, PaginatorTrait, QueryFilter, QuerySelect, Select,
};
use tenon_application::organizations::{MemberFilter, MemberView};
use tenon_application::{Page, PageRequest, Position, PositionValue, StoreError, Unsorted, Viewer};
use tenon_domain::identity::UserKind;
use tenon_domain::organizations::{MemberRole, MemberStatus};
use tenon_domain::{Timestamp, UserId};
use uuid::Uuid;

use super::{RoleRow, active_member, member_user, with_role};
use crate::persistence::SqlQueries;
use crate::persistence::entities::{member, user};
use crate::persistence::error::Stored;
use crate::persistence::keyset::{Criterion, page};

/// A membership with what is shown of its user.
#[derive(FromQueryResult)]
struct MemberRow {
    user_id: Uuid,
    kind: String,
    email: String,
    display_name: String,
    #[sea_orm(nested)]
    role: RoleRow,
    suspended_at: Option<Timestamp>,
    deactivated_at: Option<Timestamp>,
    version: i64,
    joined_at: Timestamp,
}

impl MemberRow {
    fn view(self) -> Result<MemberView, StoreError> {
        let MemberRole { base: role, custom: custom_role } = self.role.member_role()?;
        Ok(MemberView {
            user_id: self.user_id.into(),
            // Whatever else a later release may know: it is no person.
            kind: UserKind::parse(&self.kind).unwrap_or(UserKind::Service),
            email: self.email,
            display_name: self.display_name,
            role,
            custom_role,
            suspended_at: self.suspended_at,
            deactivated_at: self.deactivated_at,
            version: self.version,
            joined_at: self.joined_at,
        })
    }
}

fn members(viewer: Viewer) -> Select<member::Entity> {
    use member::Column;
    with_role(member::Entity::find().select_only())
        .join(JoinType::InnerJoin, member_user())
        .columns([Column::UserId, Column::SuspendedAt, Column::Version, Column::JoinedAt])
        .columns([user::Column::Kind, user::Column::Email, user::Column::DisplayName, user::Column::DeactivatedAt])
        .filter(Column::OrgId.eq(viewer.organization.uuid()))
}

impl SqlQueries {
    pub(super) async fn page_of_members(
        &self,
        viewer: Viewer,
        filter: &MemberFilter,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<MemberView>, StoreError> {
        use member::Column;
        let database = &self.database.replica(viewer);
        let mut select = members(viewer);
        if !filter.roles.is_empty() {
            select = select.filter(Column::Role.is_in(filter.roles.iter().map(|role| role.as_str())));
        }
        if !filter.custom_roles.is_empty() {
            select = select.filter(Column::CustomRoleId.is_in(filter.custom_roles.iter().map(|role| role.uuid())));
        }
        if !filter.statuses.is_empty() {
            let statuses = filter.statuses.iter().map(|status| match status {
                MemberStatus::Active => Condition::all().add(active_member()),
                MemberStatus::Suspended => {
                    Condition::all().add(Column::SuspendedAt.is_not_null()).add(user::Column::DeactivatedAt.is_null())
                }
                MemberStatus::Deactivated => Condition::all().add(user::Column::DeactivatedAt.is_not_null()),
            });
            select = select.filter(statuses.fold(Condition::any(), Condition::add));
        }
        if !filter.kinds.is_empty() {
            select = select.filter(user::Column::Kind.is_in(filter.kinds.iter().map(|kind| kind.as_str())));
        }
        let total = match request.include_total {
            true => Some(select.clone().count(database).await.stored()?),
            false => None,
        };
        let column = |column: Column| Expr::col((member::Entity, column));
        let joined_first = Criterion::new(column(Column::JoinedAt), false);
        let rows = page(self.database.backend(), select, vec![joined_first], column(Column::UserId), false, request)
            .into_model::<MemberRow>()
            .all(database)
            .await;
        let views = rows.stored()?.into_iter().map(MemberRow::view).collect::<Result<_, _>>()?;
        Ok(Page::cut(views, request.limit, total, |view: &MemberView| Position {
            values: vec![PositionValue::Moment(view.joined_at)],
            id: view.user_id.uuid(),
        }))
    }

    pub(super) async fn one_member(&self, viewer: Viewer, id: UserId) -> Result<Option<MemberView>, StoreError> {
        let row = members(viewer)
            .filter(member::Column::UserId.eq(id.uuid()))
            .into_model::<MemberRow>()
            .one(&self.database.replica(viewer))
            .await
            .stored()?;
        row.map(MemberRow::view).transpose()
    }
}
