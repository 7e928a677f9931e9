//! What people were given in projects: by a role of their own, and by those of their teams.

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, UnionType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, JoinType, PaginatorTrait, QueryFilter,
    QuerySelect, QueryTrait,
};
use tenon_application::StoreError;
use tenon_domain::access::{Permissions, ProjectRole};
use tenon_domain::projects::{GivenRole, Project};
use tenon_domain::{CustomRoleId, ProjectId, Timestamp, UserId};
use uuid::Uuid;

use super::super::entities::{custom_role, project, project_member, project_team, team_member};
use super::super::error::Stored;
use super::super::rows::named;
use super::super::unit_of_work::SqlUnitOfWork;
use super::given_role;
use super::repository::state;

/// The roles that a user was given in a project.
const GIVEN: &str = "given";

/// A project's row with one of the roles beside it that a user was given in it, or none.
#[derive(FromQueryResult)]
struct ProjectWithRole {
    #[sea_orm(nested)]
    project: project::Model,
    given_role: Option<String>,
    /// Of a custom role.
    given_permissions: Option<String>,
}

impl ProjectWithRole {
    fn permissions(&self) -> Result<Option<Permissions>, StoreError> {
        let Some(role) = &self.given_role else { return Ok(None) };
        let role = named("project role", role, ProjectRole::parse)?;
        // As in `GivenRole::restore`.
        let custom = self.given_permissions.as_deref().filter(|_| role == ProjectRole::Viewer);
        let custom = custom.map(Permissions::restore);
        Ok(Some(custom.unwrap_or_else(|| role.permissions())))
    }
}

/// The project and all that the user was given in it, in one statement: a row for each role.
pub(in super::super) async fn find_explicit<C: ConnectionTrait>(
    connection: &C,
    org: Uuid,
    id: ProjectId,
    user: UserId,
) -> Result<Option<(project::Model, Option<Permissions>)>, StoreError> {
    let given = |column: &'static str| Expr::col((Alias::new(GIVEN), Alias::new(column)));
    let mut select = project::Entity::find_by_id(id.uuid())
        .filter(project::Column::OrgId.eq(org))
        .expr_as(given("role"), "given_role")
        .expr_as(Expr::col((custom_role::Entity, custom_role::Column::Permissions)), "given_permissions");
    let is_custom = Expr::col((custom_role::Entity, custom_role::Column::Id))
        .eq(given("custom_role_id"))
        .and(Expr::col((custom_role::Entity, custom_role::Column::OrgId)).eq(org));
    QueryTrait::query(&mut select)
        .join_subquery(
            JoinType::LeftJoin,
            roles(org, id, user),
            Alias::new(GIVEN),
            given("project_id").equals((project::Entity, project::Column::Id)),
        )
        .left_join(custom_role::Entity, is_custom);
    let rows = select.into_model::<ProjectWithRole>().all(connection).await.stored()?;
    let mut together: Option<Permissions> = None;
    for row in &rows {
        together = together.into_iter().chain(row.permissions()?).reduce(Permissions::union);
    }
    Ok(rows.into_iter().next().map(|row| (row.project, together)))
}

impl SqlUnitOfWork {
    pub(super) async fn find_with_explicit(
        &mut self,
        id: ProjectId,
        user: UserId,
    ) -> Result<Option<(Project, Option<Permissions>)>, StoreError> {
        let found = find_explicit(&self.transaction, self.org()?, id, user).await?;
        found.map(|(row, permissions)| Ok((Project::restore(state(row)?), permissions))).transpose()
    }

    pub(super) async fn own_role(&mut self, id: ProjectId, user: UserId) -> Result<Option<GivenRole>, StoreError> {
        let row = project_member::Entity::find_by_id((id.uuid(), user.uuid()))
            .filter(project_member::Column::OrgId.eq(self.org()?))
            .one(&self.transaction)
            .await
            .stored()?;
        row.map(|row| given_role(&row.role, row.custom_role_id)).transpose()
    }

    pub(super) async fn set_own_role(
        &mut self,
        id: ProjectId,
        user: UserId,
        role: Option<GivenRole>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let org = self.org()?;
        let Some(role) = role else {
            project_member::Entity::delete_by_id((id.uuid(), user.uuid()))
                .filter(project_member::Column::OrgId.eq(org))
                .exec(&self.transaction)
                .await
                .stored()?;
            return Ok(());
        };
        let custom = role.custom().map(CustomRoleId::uuid);
        let changed = project_member::Entity::update_many()
            .col_expr(project_member::Column::Role, Expr::val(role.role().as_str()))
            .col_expr(project_member::Column::CustomRoleId, Expr::val(custom))
            .filter(project_member::Column::OrgId.eq(org))
            .filter(project_member::Column::ProjectId.eq(id.uuid()))
            .filter(project_member::Column::UserId.eq(user.uuid()))
            .exec(&self.transaction)
            .await
            .stored()?;
        if changed.rows_affected > 0 {
            return Ok(());
        }
        self.ensure_own_project(org, id).await?;
        let row = project_member::Model {
            project_id: id.uuid(),
            user_id: user.uuid(),
            org_id: org,
            role: role.role().as_str().to_owned(),
            custom_role_id: custom,
            added_at: now,
        };
        let added = project_member::Entity::insert(row.into_active_model())
            .exec_without_returning(&self.transaction)
            .await
            .stored();
        match added {
            // Somebody else added them at the same time: trying again changes their role.
            Err(StoreError::Duplicate(_)) => Err(StoreError::Stale),
            outcome => outcome.map(drop),
        }
    }

    /// A key of another organization's would be good enough for the database.
    pub(in super::super) async fn ensure_own_project(&self, org: Uuid, id: ProjectId) -> Result<(), StoreError> {
        let found = project::Entity::find_by_id(id.uuid())
            .filter(project::Column::OrgId.eq(org))
            .count(&self.transaction)
            .await
            .stored()?;
        if found == 0 {
            return Err(StoreError::Broken(format!("project {id} is not one of the organization")));
        }
        Ok(())
    }
}

/// The roles of a user in a project: their own, and those of their teams.
fn roles(org: Uuid, id: ProjectId, user: UserId) -> SelectStatement {
    let by_teams = Query::select()
        .expr_as(Expr::col((project_team::Entity, project_team::Column::ProjectId)), Alias::new("project_id"))
        .expr_as(Expr::col((project_team::Entity, project_team::Column::Role)), Alias::new("role"))
        .expr_as(Expr::col((project_team::Entity, project_team::Column::CustomRoleId)), Alias::new("custom_role_id"))
        .from(project_team::Entity)
        .inner_join(
            team_member::Entity,
            Expr::col((team_member::Entity, team_member::Column::TeamId))
                .equals((project_team::Entity, project_team::Column::TeamId)),
        )
        .and_where(project_team::Column::OrgId.eq(org))
        .and_where(project_team::Column::ProjectId.eq(id.uuid()))
        .and_where(team_member::Column::OrgId.eq(org))
        .and_where(team_member::Column::UserId.eq(user.uuid()))
        .to_owned();
    Query::select()
        .expr_as(Expr::col((project_member::Entity, project_member::Column::ProjectId)), Alias::new("project_id"))
        .expr_as(Expr::col((project_member::Entity, project_member::Column::Role)), Alias::new("role"))
        .expr_as(
            Expr::col((project_member::Entity, project_member::Column::CustomRoleId)),
            Alias::new("custom_role_id"),
        )
        .from(project_member::Entity)
        .and_where(project_member::Column::OrgId.eq(org))
        .and_where(project_member::Column::ProjectId.eq(id.uuid()))
        .and_where(project_member::Column::UserId.eq(user.uuid()))
        .union(UnionType::All, by_teams)
        .to_owned()
}
