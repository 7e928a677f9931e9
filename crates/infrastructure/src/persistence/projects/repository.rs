use async_trait::async_trait;
use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryResult,
    QuerySelect,
};
use tenon_application::StoreError;
use tenon_application::projects::{ProjectRef, ProjectRepository};
use tenon_domain::access::{Permissions, Visibility};
use tenon_domain::projects::{GivenRole, Project, ProjectDescription, ProjectKey, ProjectName, ProjectState, Workflow};
use tenon_domain::{ProjectId, Timestamp, UserId, Version};
use uuid::Uuid;

use super::super::ROWS_PER_STATEMENT;
use super::super::entities::{member, project, project_counter, project_member, task_assignee, workflow_status};
use super::super::error::Stored;
use super::super::organizations::active_member;
use super::super::rows::named;
use super::super::tasks::tasks_of;
use super::super::unit_of_work::SqlUnitOfWork;
use super::super::versioned;
use super::super::visibility::{insiders, insiders_among};
use super::leaving::{capable_managers, manages};
use super::{workflow_of, workflows};

#[async_trait]
impl ProjectRepository for SqlUnitOfWork {
    async fn resolve(&mut self, project: &ProjectRef) -> Result<Option<ProjectId>, StoreError> {
        let key = match project {
            ProjectRef::Id(id) => return Ok(Some(*id)),
            ProjectRef::Key(key) => key,
        };
        let id: Option<Uuid> = project::Entity::find()
            .select_only()
            .column(project::Column::Id)
            .filter(project::Column::OrgId.eq(self.org()?))
            .filter(project::Column::Key.eq(key.as_str()))
            .into_tuple()
            .one(&self.transaction)
            .await
            .stored()?;
        Ok(id.map(ProjectId::new))
    }

    async fn find_for(
        &mut self,
        id: ProjectId,
        user: UserId,
    ) -> Result<Option<(Project, Option<Permissions>)>, StoreError> {
        self.find_with_explicit(id, user).await
    }

    async fn create(&mut self, project: Project, workflow: &Workflow) -> Result<ProjectState, StoreError> {
        let state = self.save(project).await?;
        let (org, id) = (self.org()?, state.id.uuid());
        let statuses = workflow.statuses().iter().zip(0..).map(|(entry, position)| {
            workflow_status::Model {
                project_id: id,
                key: entry.status.key.to_string(),
                org_id: org,
                position,
                name: entry.name.clone(),
                category: entry.status.category.as_str().to_owned(),
            }
            .into_active_model()
        });
        workflow_status::Entity::insert_many(statuses).exec_without_returning(&self.transaction).await.stored()?;
        let counter = project_counter::Model { project_id: id, org_id: org, last_number: 0 };
        project_counter::Entity::insert(counter.into_active_model())
            .exec_without_returning(&self.transaction)
            .await
            .stored()?;
        Ok(state)
    }

    async fn save(&mut self, project: Project) -> Result<ProjectState, StoreError> {
        let (mut state, events) = project.into_parts();
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

    async fn delete(&mut self, project: Project) -> Result<(), StoreError> {
        let (state, events) = project.into_parts();
        let unchanged = unchanged(self.org()?, state.id, state.version);
        versioned::delete::<project::Entity>(&self.transaction, unchanged).await?;
        self.stamp(events);
        Ok(())
    }

    async fn workflow(&mut self, id: ProjectId) -> Result<Workflow, StoreError> {
        let statuses = workflows(&self.transaction, self.org()?, [id.uuid()]).await?;
        Ok(workflow_of(id.uuid(), &statuses))
    }

    async fn role(&mut self, id: ProjectId, user: UserId) -> Result<Option<GivenRole>, StoreError> {
        self.own_role(id, user).await
    }

    async fn set_role(
        &mut self,
        id: ProjectId,
        user: UserId,
        role: Option<GivenRole>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.set_own_role(id, user, role, now).await
    }

    async fn count_managers(&mut self, id: ProjectId, apart: Option<UserId>) -> Result<u64, StoreError> {
        let org = self.org()?;
        project::Entity::find_by_id(id.uuid())
            .filter(project::Column::OrgId.eq(org))
            .lock_exclusive()
            .one(&self.transaction)
            .await
            .stored()?;
        let mut managers = project_member::Entity::find()
            .filter(project_member::Column::ProjectId.eq(id.uuid()))
            .filter(project_member::Column::UserId.in_subquery(capable_managers(org)))
            .filter(manages(org));
        if let Some(apart) = apart {
            managers = managers.filter(project_member::Column::UserId.ne(apart.uuid()));
        }
        managers.count(&self.transaction).await.stored()
    }

    async fn insiders(&mut self, id: ProjectId, users: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        let mut select = insiders(self.org()?, id);
        select.and_where(active_member());
        select.and_where(member::Column::UserId.is_in(users.iter().map(|user| user.uuid())));
        self.user_ids(&select).await
    }

    async fn insiders_of_all(
        &mut self,
        projects: &[ProjectId],
        users: &[UserId],
    ) -> Result<Vec<(ProjectId, UserId)>, StoreError> {
        if projects.is_empty() || users.is_empty() {
            return Ok(Vec::new());
        }
        let org = self.org()?;
        let mut pairs = Vec::new();
        for users in users.chunks(ROWS_PER_STATEMENT) {
            let mut select = insiders_among(org, projects);
            select.and_where(active_member());
            select.and_where(member::Column::UserId.is_in(users.iter().map(|user| user.uuid())));
            pairs.extend(self.pairs(&select).await?.into_iter().map(|(project, user)| (project.into(), user.into())));
        }
        Ok(pairs)
    }

    async fn unassign_outsiders(&mut self, id: ProjectId, now: Timestamp) -> Result<(), StoreError> {
        let org = self.org()?;
        let assigned = (task_assignee::Entity, task_assignee::Column::UserId);
        let outsiders = Query::select()
            .distinct()
            .column(assigned)
            .from(task_assignee::Entity)
            .and_where(task_assignee::Column::OrgId.eq(org))
            .and_where(task_assignee::Column::TaskId.in_subquery(tasks_of(org, &[id])))
            .and_where(task_assignee::Column::UserId.not_in_subquery(insiders(org, id)))
            .to_owned();
        for outsider in self.user_ids(&outsiders).await? {
            self.unassign(org, outsider, Some(&[id]), now).await?;
        }
        Ok(())
    }

    async fn release_outsiders(
        &mut self,
        projects: &[ProjectId],
        users: &[UserId],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.let_outsiders_go(projects, users, now).await
    }

    async fn hand_on(&mut self, user: UserId, heir: UserId, now: Timestamp) -> Result<(), StoreError> {
        self.pass_on_private_projects(user, heir, now).await
    }

    async fn release_user(&mut self, user: UserId, heir: UserId, now: Timestamp) -> Result<(), StoreError> {
        self.let_go(user, heir, now).await
    }
}

impl SqlUnitOfWork {
    /// What a statement that selects the ids of users finds.
    async fn user_ids(&self, select: &SelectStatement) -> Result<Vec<UserId>, StoreError> {
        let rows = self.transaction.query_all(select).await.stored()?;
        rows.iter().map(|row| Ok(row.try_get_by_index::<Uuid>(0).stored()?.into())).collect()
    }

    /// What a statement that selects pairs of ids finds.
    pub(super) async fn pairs(&self, select: &SelectStatement) -> Result<Vec<(Uuid, Uuid)>, StoreError> {
        let rows = self.transaction.query_all(select).await.stored()?;
        let id = |row: &QueryResult, column| row.try_get_by_index::<Uuid>(column).stored();
        rows.iter().map(|row| Ok((id(row, 0)?, id(row, 1)?))).collect()
    }
}

fn unchanged(org: Uuid, id: ProjectId, version: Version) -> Condition {
    Condition::all()
        .add(project::Column::OrgId.eq(org))
        .add(project::Column::Id.eq(id.uuid()))
        .add(project::Column::Version.eq(version))
}

fn row(org: Uuid, state: &ProjectState) -> project::Model {
    project::Model {
        id: state.id.uuid(),
        org_id: org,
        key: state.key.to_string(),
        name: state.name.to_string(),
        description: state.description.as_ref().map(|text| text.as_str().to_owned()),
        visibility: state.visibility.as_str().to_owned(),
        lead_id: state.lead_id.map(UserId::uuid),
        archived_at: state.archived_at,
        version: state.version,
        created_at: state.created_at,
        updated_at: state.updated_at,
    }
}

pub(super) fn state(row: project::Model) -> Result<ProjectState, StoreError> {
    Ok(ProjectState {
        id: row.id.into(),
        key: ProjectKey::restore(row.key),
        name: ProjectName::restore(row.name),
        description: row.description.map(ProjectDescription::restore),
        visibility: named("visibility", &row.visibility, Visibility::parse)?,
        lead_id: row.lead_id.map(Into::into),
        archived_at: row.archived_at,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
