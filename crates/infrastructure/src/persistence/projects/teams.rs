//! The teams of a project.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, PaginatorTrait, QueryFilter, QuerySelect, RelationDef,
};
use tenon_application::projects::ProjectTeamView;
use tenon_application::{Page, PageRequest, Position, PositionValue, StoreError, Unsorted, Viewer};
use tenon_domain::access::ProjectRole;
use tenon_domain::{ProjectId, Timestamp};
use uuid::Uuid;

use super::super::entities::project_team::{Column, Entity};
use super::super::entities::{custom_role, team};
use super::super::error::Stored;
use super::super::keyset::{Criterion, page};
use super::super::queries::SqlQueries;
use super::super::rows::named;
use super::named_role;

#[derive(FromQueryResult)]
struct TeamRow {
    team_id: Uuid,
    name: String,
    role: String,
    custom_role_id: Option<Uuid>,
    custom_role_name: Option<String>,
    added_at: Timestamp,
}

impl TeamRow {
    fn view(self) -> Result<ProjectTeamView, StoreError> {
        let role = named("project role", &self.role, ProjectRole::parse)?;
        Ok(ProjectTeamView {
            team_id: self.team_id.into(),
            name: self.name,
            role,
            custom_role: named_role(role, self.custom_role_id, self.custom_role_name),
            added_at: self.added_at,
        })
    }
}

impl SqlQueries {
    pub(super) async fn page_of_project_teams(
        &self,
        viewer: Viewer,
        project: ProjectId,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<ProjectTeamView>, StoreError> {
        let connection = &self.database.replica(viewer);
        let of_team: RelationDef = Entity::belongs_to(team::Entity).from(Column::TeamId).to(team::Column::Id).into();
        let of_role: RelationDef =
            Entity::belongs_to(custom_role::Entity).from(Column::CustomRoleId).to(custom_role::Column::Id).into();
        let select = Entity::find()
            .select_only()
            .columns([Column::TeamId, Column::Role, Column::CustomRoleId, Column::AddedAt])
            .column(team::Column::Name)
            .column_as(custom_role::Column::Name, "custom_role_name")
            .join(JoinType::InnerJoin, of_team)
            .join(JoinType::LeftJoin, of_role)
            .filter(Column::OrgId.eq(viewer.organization.uuid()))
            .filter(Column::ProjectId.eq(project.uuid()));
        let total = if request.include_total { Some(select.clone().count(connection).await.stored()?) } else { None };
        let added_first = Criterion::new(Expr::col((Entity, Column::AddedAt)), false);
        let id = Expr::col((Entity, Column::TeamId));
        let rows = page(self.database.backend(), select, vec![added_first], id, false, request)
            .into_model::<TeamRow>()
            .all(connection)
            .await
            .stored()?;
        let views = rows.into_iter().map(TeamRow::view).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(views, request.limit, total, |team| Position {
            values: vec![PositionValue::Moment(team.added_at)],
            id: team.team_id.uuid(),
        }))
    }
}
