use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryResult, QuerySelect,
};
use tenon_application::StoreError;
use tenon_application::documents::Resource;
use tenon_application::projects::{ProjectRef, ProjectRepository};
use tenon_domain::access::{ProjectRole, Visibility};
use tenon_domain::projects::{Project, ProjectDescription, ProjectKey, ProjectName, ProjectState, Workflow};
use tenon_domain::{ProjectId, Timestamp, UserId};
use uuid::Uuid;

use super::super::entities::{member, project, project_counter, project_member, task_assignee, workflow_status};
use super::super::error::Stored;
use super::super::rows::named;
use super::super::tasks::tasks_of;
use super::super::unit_of_work::SqlUnitOfWork;
use super::super::versioned;
use super::super::visibility::{insiders, insiders_among};
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
    ) -> Result<Option<(Project, Option<ProjectRole>)>, StoreError> {
        let org = self.org()?;
        let row = project::Entity::find_by_id(id.uuid())
            .filter(project::Column::OrgId.eq(org))
            .expr_as(role_expression(org, user), "explicit_role")
            .into_model::<ProjectWithRole>()
            .one(&self.transaction)
            .await
            .stored()?;
        let Some(ProjectWithRole { project, explicit_role }) = row else { return Ok(None) };
        let role = explicit_role.map(|role| named("project role", &role, ProjectRole::parse)).transpose()?;
        Ok(Some((Project::restore(state(project)?), role)))
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
        if known == 0 {
            project::Entity::insert(row).exec_without_returning(&self.transaction).await.stored()?;
        } else {
            let unchanged = Condition::all()
                .add(project::Column::OrgId.eq(org))
                .add(project::Column::Id.eq(state.id.uuid()))
                .add(project::Column::Version.eq(known));
            versioned::update(&self.transaction, row.reset_all(), unchanged).await?;
        }
        self.stamp(events);
        Ok(state)
    }

    async fn delete(&mut self, project: Project) -> Result<(), StoreError> {
        let (state, events) = project.into_parts();
        let unchanged = Condition::all()
            .add(project::Column::OrgId.eq(self.org()?))
            .add(project::Column::Id.eq(state.id.uuid()))
            .add(project::Column::Version.eq(state.version));
        versioned::delete::<project::Entity>(&self.transaction, unchanged).await?;
        self.stamp(events);
        Ok(())
    }

    async fn workflow(&mut self, id: ProjectId) -> Result<Workflow, StoreError> {
        let statuses = workflows(&self.transaction, self.org()?, [id.uuid()]).await?;
        Ok(workflow_of(id.uuid(), &statuses))
    }

    async fn role(&mut self, id: ProjectId, user: UserId) -> Result<Option<ProjectRole>, StoreError> {
        let row = project_member::Entity::find_by_id((id.uuid(), user.uuid()))
            .filter(project_member::Column::OrgId.eq(self.org()?))
            .one(&self.transaction)
            .await
            .stored()?;
        row.map(|row| named("project role", &row.role, ProjectRole::parse)).transpose()
    }

    async fn set_role(
        &mut self,
        id: ProjectId,
        user: UserId,
        role: Option<ProjectRole>,
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
        let changed = project_member::Entity::update_many()
            .col_expr(project_member::Column::Role, Expr::val(role.as_str()))
            .filter(project_member::Column::OrgId.eq(org))
            .filter(project_member::Column::ProjectId.eq(id.uuid()))
            .filter(project_member::Column::UserId.eq(user.uuid()))
            .exec(&self.transaction)
            .await
            .stored()?;
        if changed.rows_affected > 0 {
            return Ok(());
        }
        if project::Entity::find_by_id(id.uuid())
            .filter(project::Column::OrgId.eq(org))
            .count(&self.transaction)
            .await
            .stored()?
            == 0
        {
            return Err(StoreError::Broken(format!("project {id} is not one of the organization")));
        }
        let row = project_member::Model {
            project_id: id.uuid(),
            user_id: user.uuid(),
            org_id: org,
            role: role.as_str().to_owned(),
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

    async fn count_managers(&mut self, id: ProjectId) -> Result<u64, StoreError> {
        let org = self.org()?;
        project::Entity::find_by_id(id.uuid())
            .filter(project::Column::OrgId.eq(org))
            .lock_exclusive()
            .one(&self.transaction)
            .await
            .stored()?;
        project_member::Entity::find()
            .filter(project_member::Column::OrgId.eq(org))
            .filter(project_member::Column::ProjectId.eq(id.uuid()))
            .filter(project_member::Column::Role.eq(ProjectRole::Manager.as_str()))
            .count(&self.transaction)
            .await
            .stored()
    }

    async fn insiders(&mut self, id: ProjectId, users: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        let mut select = insiders(self.org()?, id);
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
        let mut select = insiders_among(self.org()?, projects);
        select.and_where(member::Column::UserId.is_in(users.iter().map(|user| user.uuid())));
        let rows = self.transaction.query_all(&select).await.stored()?;
        let id = |row: &QueryResult, column| row.try_get_by_index::<Uuid>(column).stored();
        rows.iter().map(|row| Ok((id(row, 0)?.into(), id(row, 1)?.into()))).collect()
    }

    async fn unassign_outsiders(&mut self, id: ProjectId, now: Timestamp) -> Result<(), StoreError> {
        let org = self.org()?;
        let assigned = (task_assignee::Entity, task_assignee::Column::UserId);
        let outsiders = Query::select()
            .distinct()
            .column(assigned)
            .from(task_assignee::Entity)
            .and_where(task_assignee::Column::OrgId.eq(org))
            .and_where(task_assignee::Column::TaskId.in_subquery(tasks_of(org, id)))
            .and_where(task_assignee::Column::UserId.not_in_subquery(insiders(org, id)))
            .to_owned();
        for outsider in self.user_ids(&outsiders).await? {
            self.unassign(org, outsider, Some(id), now).await?;
        }
        Ok(())
    }

    async fn release_user(&mut self, user: UserId, heir: UserId, now: Timestamp) -> Result<(), StoreError> {
        let org = self.org()?;
        self.pass_on_private_projects(org, user, heir, now).await?;
        let left: Vec<Uuid> = project_member::Entity::find()
            .select_only()
            .column(project_member::Column::ProjectId)
            .filter(project_member::Column::OrgId.eq(org))
            .filter(project_member::Column::UserId.eq(user.uuid()))
            .lock_exclusive()
            .into_tuple()
            .all(&self.transaction)
            .await
            .stored()?;
        self.touch(left.into_iter().map(|project| Resource::ProjectMember(project.into(), user)));
        project_member::Entity::delete_many()
            .filter(project_member::Column::OrgId.eq(org))
            .filter(project_member::Column::UserId.eq(user.uuid()))
            .exec(&self.transaction)
            .await
            .stored()?;
        project::Entity::update_many()
            .col_expr(project::Column::LeadId, Expr::val(None::<Uuid>))
            .col_expr(project::Column::Version, Expr::col(project::Column::Version).add(1))
            .col_expr(project::Column::UpdatedAt, Expr::val(now))
            .filter(project::Column::OrgId.eq(org))
            .filter(project::Column::LeadId.eq(user.uuid()))
            .exec(&self.transaction)
            .await
            .stored()?;
        self.unassign(org, user, None, now).await
    }
}

impl SqlUnitOfWork {
    /// What a statement that selects the ids of users finds.
    async fn user_ids(&self, select: &SelectStatement) -> Result<Vec<UserId>, StoreError> {
        let rows = self.transaction.query_all(select).await.stored()?;
        rows.iter().map(|row| Ok(row.try_get_by_index::<Uuid>(0).stored()?.into())).collect()
    }

    /// Makes `heir` the manager of every private project that `user` alone manages.
    async fn pass_on_private_projects(
        &mut self,
        org: Uuid,
        user: UserId,
        heir: UserId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let managers = |user_condition| {
            Query::select()
                .column(project_member::Column::ProjectId)
                .from(project_member::Entity)
                .and_where(project_member::Column::OrgId.eq(org))
                .and_where(project_member::Column::Role.eq(ProjectRole::Manager.as_str()))
                .and_where(user_condition)
                .to_owned()
        };
        let orphans: Vec<Uuid> = project::Entity::find()
            .select_only()
            .column(project::Column::Id)
            .filter(project::Column::OrgId.eq(org))
            .filter(project::Column::Visibility.eq(Visibility::Private.as_str()))
            .filter(project::Column::Id.in_subquery(managers(project_member::Column::UserId.eq(user.uuid()))))
            .filter(project::Column::Id.not_in_subquery(managers(project_member::Column::UserId.ne(user.uuid()))))
            .into_tuple()
            .all(&self.transaction)
            .await
            .stored()?;
        if orphans.is_empty() {
            return Ok(());
        }
        self.touch(orphans.iter().map(|project| Resource::ProjectMember((*project).into(), heir)));
        let rows = orphans.into_iter().map(|project| {
            project_member::Model {
                project_id: project,
                user_id: heir.uuid(),
                org_id: org,
                role: ProjectRole::Manager.as_str().to_owned(),
                added_at: now,
            }
            .into_active_model()
        });
        let promote = OnConflict::columns([project_member::Column::ProjectId, project_member::Column::UserId])
            .update_column(project_member::Column::Role)
            .to_owned();
        project_member::Entity::insert_many(rows)
            .on_conflict(promote)
            .exec_without_returning(&self.transaction)
            .await
            .stored()?;
        Ok(())
    }
}

/// A project's row with one user's explicit role beside it.
#[derive(sea_orm::FromQueryResult)]
struct ProjectWithRole {
    #[sea_orm(nested)]
    project: project::Model,
    explicit_role: Option<String>,
}

fn role_expression(org: Uuid, user: UserId) -> sea_orm::sea_query::SimpleExpr {
    let role = Query::select()
        .column(project_member::Column::Role)
        .from(project_member::Entity)
        .and_where(
            Expr::col((project_member::Entity, project_member::Column::ProjectId))
                .equals((project::Entity, project::Column::Id)),
        )
        .and_where(project_member::Column::OrgId.eq(org))
        .and_where(project_member::Column::UserId.eq(user.uuid()))
        .to_owned();
    role.into()
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
