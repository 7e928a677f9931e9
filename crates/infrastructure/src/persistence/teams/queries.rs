use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement, SimpleExpr};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, PaginatorTrait, QueryFilter, QuerySelect, RelationDef, Select,
};
use tenon_application::organizations::{TeamMemberView, TeamQueries, TeamView};
use tenon_application::{Page, PageRequest, Position, PositionValue, StoreError, Unsorted, Viewer};
use tenon_domain::{TeamId, Timestamp, UserId};
use uuid::Uuid;

use super::team_state;
use crate::persistence::SqlQueries;
use crate::persistence::entities::{team, team_member, user};
use crate::persistence::error::Stored;
use crate::persistence::keyset::{Criterion, page};

/// A team with the number of its members.
#[derive(FromQueryResult)]
struct CountedTeam {
    #[sea_orm(nested)]
    team: team::Model,
    member_count: i64,
}

impl CountedTeam {
    fn view(self) -> TeamView {
        TeamView::new(team_state(self.team), u64::try_from(self.member_count).unwrap_or_default())
    }

    fn position(&self) -> Position {
        Position { values: vec![PositionValue::Text(self.team.name_key.clone())], id: self.team.id }
    }
}

#[derive(FromQueryResult)]
struct NamedMember {
    user_id: Uuid,
    display_name: String,
    added_at: Timestamp,
}

impl NamedMember {
    fn view(self) -> TeamMemberView {
        TeamMemberView { user_id: self.user_id.into(), display_name: self.display_name, added_at: self.added_at }
    }

    fn position(&self) -> Position {
        Position { values: vec![PositionValue::Moment(self.added_at)], id: self.user_id }
    }
}

fn teams(viewer: Viewer) -> Select<team::Entity> {
    team::Entity::find().filter(team::Column::OrgId.eq(viewer.organization.uuid()))
}

/// Puts the number of its members beside each.
fn counted(viewer: Viewer, select: Select<team::Entity>) -> Select<team::Entity> {
    let count = Query::select()
        .expr(Expr::expr(Func::count(Expr::col((team_member::Entity, team_member::Column::UserId)))))
        .from(team_member::Entity)
        .and_where(
            Expr::col((team_member::Entity, team_member::Column::TeamId)).equals((team::Entity, team::Column::Id)),
        )
        .and_where(team_member::Column::OrgId.eq(viewer.organization.uuid()))
        .to_owned();
    select.expr_as(SimpleExpr::from(count), "member_count")
}

fn ids_of(viewer: Viewer, member: UserId) -> SelectStatement {
    Query::select()
        .column(team_member::Column::TeamId)
        .from(team_member::Entity)
        .and_where(team_member::Column::OrgId.eq(viewer.organization.uuid()))
        .and_where(team_member::Column::UserId.eq(member.uuid()))
        .to_owned()
}

#[async_trait]
impl TeamQueries for SqlQueries {
    async fn find(&self, viewer: Viewer, id: TeamId) -> Result<Option<TeamView>, StoreError> {
        let row = counted(viewer, teams(viewer).filter(team::Column::Id.eq(id.uuid())))
            .into_model::<CountedTeam>()
            .one(&self.database.replica(viewer))
            .await
            .stored()?;
        Ok(row.map(CountedTeam::view))
    }

    async fn list(
        &self,
        viewer: Viewer,
        member: Option<UserId>,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<TeamView>, StoreError> {
        let database = &self.database.replica(viewer);
        let select = match member {
            Some(member) => teams(viewer).filter(team::Column::Id.in_subquery(ids_of(viewer, member))),
            None => teams(viewer),
        };
        let total = match request.include_total {
            true => Some(select.clone().count(database).await.stored()?),
            false => None,
        };
        let by_name = Criterion::new(Expr::col((team::Entity, team::Column::NameKey)), false);
        let id = Expr::col((team::Entity, team::Column::Id));
        let rows = counted(viewer, page(self.database.backend(), select, vec![by_name], id, false, request))
            .into_model::<CountedTeam>()
            .all(database)
            .await
            .stored()?;
        Ok(Page::cut(rows, request.limit, total, CountedTeam::position).map(CountedTeam::view))
    }

    async fn members(
        &self,
        viewer: Viewer,
        id: TeamId,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<TeamMemberView>, StoreError> {
        use team_member::Column;
        let database = &self.database.replica(viewer);
        let of_user: RelationDef =
            team_member::Entity::belongs_to(user::Entity).from(Column::UserId).to(user::Column::Id).into();
        let select = team_member::Entity::find()
            .join(JoinType::InnerJoin, of_user)
            .select_only()
            .columns([Column::UserId, Column::AddedAt])
            .column(user::Column::DisplayName)
            .filter(Column::OrgId.eq(viewer.organization.uuid()))
            .filter(Column::TeamId.eq(id.uuid()));
        let total = match request.include_total {
            true => Some(select.clone().count(database).await.stored()?),
            false => None,
        };
        let added_first = Criterion::new(Expr::col((team_member::Entity, Column::AddedAt)), false);
        let user_id = Expr::col((team_member::Entity, Column::UserId));
        let rows = page(self.database.backend(), select, vec![added_first], user_id, false, request)
            .into_model::<NamedMember>()
            .all(database)
            .await
            .stored()?;
        Ok(Page::cut(rows, request.limit, total, NamedMember::position).map(NamedMember::view))
    }
}
