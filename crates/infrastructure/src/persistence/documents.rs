//! What is true now, for filling the cache of documents: always from the primary.

use async_trait::async_trait;
use sea_orm::{ColumnTrait, EntityTrait, JoinType, QueryFilter, QuerySelect, RelationDef};
use tenon_application::StoreError;
use tenon_application::documents::DocumentSource;
use tenon_application::tasks::{TaskRef, TaskView};
use tenon_domain::access::{Permissions, ProjectRole, Visibility};
use tenon_domain::tasks::TaskKey;
use tenon_domain::{OrganizationId, ProjectId, TaskId, UserId};
use uuid::Uuid;

use super::Database;
use super::entities::{project, project_member, project_team, task, team_member};
use super::error::Stored;
use super::projects::find_explicit;
use super::rows::named;
use super::tasks::{named_by, view};

/// Reads from the primary.
#[derive(Clone)]
pub struct SqlDocumentSource {
    database: Database,
}

impl SqlDocumentSource {
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl DocumentSource for SqlDocumentSource {
    async fn task(&self, organization: OrganizationId, id: TaskId) -> Result<Option<TaskView>, StoreError> {
        let row = task::Entity::find_by_id(id.uuid())
            .filter(task::Column::OrgId.eq(organization.uuid()))
            .filter(task::Column::DeletedAt.is_null())
            .one(&self.database.primary(organization))
            .await
            .stored()?;
        row.map(view).transpose()
    }

    async fn task_id(&self, organization: OrganizationId, key: &TaskKey) -> Result<Option<TaskId>, StoreError> {
        let id: Option<Uuid> = task::Entity::find()
            .select_only()
            .column(task::Column::Id)
            .filter(task::Column::OrgId.eq(organization.uuid()))
            .filter(named_by(&TaskRef::Key(key.clone())))
            .into_tuple()
            .one(&self.database.primary(organization))
            .await
            .stored()?;
        Ok(id.map(TaskId::new))
    }

    async fn visibility(
        &self,
        organization: OrganizationId,
        project: ProjectId,
    ) -> Result<Option<Visibility>, StoreError> {
        let name: Option<String> = project::Entity::find_by_id(project.uuid())
            .select_only()
            .column(project::Column::Visibility)
            .filter(project::Column::OrgId.eq(organization.uuid()))
            .into_tuple()
            .one(&self.database.primary(organization))
            .await
            .stored()?;
        name.map(|name| named("visibility", &name, Visibility::parse)).transpose()
    }

    async fn project_role(
        &self,
        organization: OrganizationId,
        project: ProjectId,
        user: UserId,
    ) -> Result<Option<ProjectRole>, StoreError> {
        let name: Option<String> = project_member::Entity::find_by_id((project.uuid(), user.uuid()))
            .select_only()
            .column(project_member::Column::Role)
            .filter(project_member::Column::OrgId.eq(organization.uuid()))
            .into_tuple()
            .one(&self.database.primary(organization))
            .await
            .stored()?;
        name.map(|name| named("project role", &name, ProjectRole::parse)).transpose()
    }

    async fn explicit(
        &self,
        organization: OrganizationId,
        project: ProjectId,
        user: UserId,
    ) -> Result<Option<Permissions>, StoreError> {
        let found = find_explicit(&self.database.primary(organization), organization.uuid(), project, user).await?;
        Ok(found.and_then(|(_, permissions)| permissions))
    }

    async fn team_projects(&self, organization: OrganizationId, user: UserId) -> Result<Vec<ProjectId>, StoreError> {
        let members: RelationDef = project_team::Entity::belongs_to(team_member::Entity)
            .from(project_team::Column::TeamId)
            .to(team_member::Column::TeamId)
            .into();
        let projects: Vec<Uuid> = project_team::Entity::find()
            .select_only()
            .distinct()
            .column(project_team::Column::ProjectId)
            .join(JoinType::InnerJoin, members)
            .filter(project_team::Column::OrgId.eq(organization.uuid()))
            .filter(team_member::Column::OrgId.eq(organization.uuid()))
            .filter(team_member::Column::UserId.eq(user.uuid()))
            .into_tuple()
            .all(&self.database.primary(organization))
            .await
            .stored()?;
        Ok(projects.into_iter().map(ProjectId::new).collect())
    }
}
