use async_trait::async_trait;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect};
use tenon_application::StoreError;
use tenon_application::documents::Resource;
use tenon_application::organizations::TeamRepository;
use tenon_domain::organizations::{Team, TeamDescription, TeamState};
use tenon_domain::projects::GivenRole;
use tenon_domain::{CustomRoleId, ProjectId, TeamId, Timestamp, UserId};
use uuid::Uuid;

use super::team_state;
use crate::persistence::entities::{project_team, team, team_member};
use crate::persistence::error::Stored;
use crate::persistence::projects::given_role;
use crate::persistence::unit_of_work::SqlUnitOfWork;
use crate::persistence::versioned;

#[async_trait]
impl TeamRepository for SqlUnitOfWork {
    async fn find(&mut self, id: TeamId) -> Result<Option<Team>, StoreError> {
        let row = team::Entity::find_by_id(id.uuid())
            .filter(team::Column::OrgId.eq(self.org()?))
            .lock_exclusive()
            .one(&self.transaction)
            .await
            .stored()?;
        Ok(row.map(team_state).map(Team::restore))
    }

    async fn save(&mut self, team: Team) -> Result<TeamState, StoreError> {
        let (mut state, events) = team.into_parts();
        if events.is_empty() {
            return Ok(state);
        }
        let org = self.org()?;
        let known = state.version;
        state.version += 1;
        let row = row(org, &state).into_active_model();
        versioned::save(&self.transaction, row, known, unchanged(org, state.id, known)).await?;
        self.stamp(events);
        Ok(state)
    }

    async fn remove(&mut self, team: Team) -> Result<(), StoreError> {
        let (state, events) = team.into_parts();
        let members = TeamRepository::members(self, state.id).await?;
        self.touch(members.into_iter().map(Resource::TeamProjects));
        let unchanged = unchanged(self.org()?, state.id, state.version);
        versioned::delete::<team::Entity>(&self.transaction, unchanged).await?;
        self.stamp(events);
        Ok(())
    }

    async fn count(&mut self) -> Result<u64, StoreError> {
        let org = self.org()?;
        self.hold_organization().await?;
        team::Entity::find().filter(team::Column::OrgId.eq(org)).count(&self.transaction).await.stored()
    }

    async fn members(&mut self, id: TeamId) -> Result<Vec<UserId>, StoreError> {
        let users: Vec<Uuid> = team_member::Entity::find()
            .select_only()
            .column(team_member::Column::UserId)
            .filter(team_member::Column::OrgId.eq(self.org()?))
            .filter(team_member::Column::TeamId.eq(id.uuid()))
            .into_tuple()
            .all(&self.transaction)
            .await
            .stored()?;
        Ok(users.into_iter().map(UserId::new).collect())
    }

    async fn count_members(&mut self, id: TeamId) -> Result<u64, StoreError> {
        team_member::Entity::find()
            .filter(team_member::Column::OrgId.eq(self.org()?))
            .filter(team_member::Column::TeamId.eq(id.uuid()))
            .count(&self.transaction)
            .await
            .stored()
    }

    async fn member_since(&mut self, id: TeamId, user: UserId) -> Result<Option<Timestamp>, StoreError> {
        let row = team_member::Entity::find_by_id((id.uuid(), user.uuid()))
            .filter(team_member::Column::OrgId.eq(self.org()?))
            .one(&self.transaction)
            .await
            .stored()?;
        Ok(row.map(|row| row.added_at))
    }

    async fn add_member(&mut self, id: TeamId, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        let org = self.org()?;
        self.ensure_own_team(org, id).await?;
        let row = team_member::Model { team_id: id.uuid(), user_id: user.uuid(), org_id: org, added_at: now };
        team_member::Entity::insert(row.into_active_model())
            .exec_without_returning(&self.transaction)
            .await
            .stored()?;
        Ok(())
    }

    async fn remove_member(&mut self, id: TeamId, user: UserId) -> Result<(), StoreError> {
        team_member::Entity::delete_by_id((id.uuid(), user.uuid()))
            .filter(team_member::Column::OrgId.eq(self.org()?))
            .exec(&self.transaction)
            .await
            .stored()?;
        Ok(())
    }

    async fn projects(&mut self, id: TeamId) -> Result<Vec<ProjectId>, StoreError> {
        let projects: Vec<Uuid> = project_team::Entity::find()
            .select_only()
            .column(project_team::Column::ProjectId)
            .filter(project_team::Column::OrgId.eq(self.org()?))
            .filter(project_team::Column::TeamId.eq(id.uuid()))
            .into_tuple()
            .all(&self.transaction)
            .await
            .stored()?;
        Ok(projects.into_iter().map(ProjectId::new).collect())
    }

    async fn role_in_project(&mut self, id: TeamId, project: ProjectId) -> Result<Option<GivenRole>, StoreError> {
        let row = project_team::Entity::find_by_id((project.uuid(), id.uuid()))
            .filter(project_team::Column::OrgId.eq(self.org()?))
            .one(&self.transaction)
            .await
            .stored()?;
        row.map(|row| given_role(&row.role, row.custom_role_id)).transpose()
    }

    async fn set_role_in_project(
        &mut self,
        id: TeamId,
        project: ProjectId,
        role: Option<GivenRole>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let org = self.org()?;
        let Some(role) = role else {
            project_team::Entity::delete_by_id((project.uuid(), id.uuid()))
                .filter(project_team::Column::OrgId.eq(org))
                .exec(&self.transaction)
                .await
                .stored()?;
            return Ok(());
        };
        let custom = role.custom().map(CustomRoleId::uuid);
        let changed = project_team::Entity::update_many()
            .col_expr(project_team::Column::Role, Expr::val(role.role().as_str()))
            .col_expr(project_team::Column::CustomRoleId, Expr::val(custom))
            .filter(project_team::Column::OrgId.eq(org))
            .filter(project_team::Column::ProjectId.eq(project.uuid()))
            .filter(project_team::Column::TeamId.eq(id.uuid()))
            .exec(&self.transaction)
            .await
            .stored()?;
        if changed.rows_affected > 0 {
            return Ok(());
        }
        self.ensure_own_team(org, id).await?;
        self.ensure_own_project(org, project).await?;
        let row = project_team::Model {
            project_id: project.uuid(),
            team_id: id.uuid(),
            org_id: org,
            role: role.role().as_str().to_owned(),
            custom_role_id: custom,
            added_at: now,
        };
        project_team::Entity::insert(row.into_active_model())
            .exec_without_returning(&self.transaction)
            .await
            .stored()?;
        Ok(())
    }

    async fn count_in_project(&mut self, project: ProjectId) -> Result<u64, StoreError> {
        project_team::Entity::find()
            .filter(project_team::Column::OrgId.eq(self.org()?))
            .filter(project_team::Column::ProjectId.eq(project.uuid()))
            .count(&self.transaction)
            .await
            .stored()
    }
}

impl SqlUnitOfWork {
    /// A key of another organization's would be good enough for the database.
    async fn ensure_own_team(&self, org: Uuid, id: TeamId) -> Result<(), StoreError> {
        let found = team::Entity::find_by_id(id.uuid())
            .filter(team::Column::OrgId.eq(org))
            .count(&self.transaction)
            .await
            .stored()?;
        if found == 0 { Err(StoreError::Broken(format!("team {id} is not one of the organization"))) } else { Ok(()) }
    }
}

fn unchanged(org: Uuid, id: TeamId, version: i64) -> Condition {
    Condition::all()
        .add(team::Column::OrgId.eq(org))
        .add(team::Column::Id.eq(id.uuid()))
        .add(team::Column::Version.eq(version))
}

fn row(org: Uuid, state: &TeamState) -> team::Model {
    team::Model {
        id: state.id.uuid(),
        org_id: org,
        name: state.name.to_string(),
        name_key: state.name.key(),
        description: state.description.as_ref().map(TeamDescription::as_str).map(str::to_owned),
        version: state.version,
        created_at: state.created_at,
        updated_at: state.updated_at,
    }
}
