use async_trait::async_trait;
use tenon_domain::access::{Permissions, ProjectRole, Visibility};
use tenon_domain::tasks::TaskKey;
use tenon_domain::{OrganizationId, ProjectId, TaskId, UserId};

use crate::tasks::TaskView;
use crate::unit_of_work::StoreError;

/// What is true now, whoever may see it: what was committed before a read began is always in its answer. It is the
/// only thing that caches of documents are filled from.
#[async_trait]
pub trait DocumentSource: Send + Sync {
    /// A task that is not in the trash.
    async fn task(&self, organization: OrganizationId, id: TaskId) -> Result<Option<TaskView>, StoreError>;
    /// The id behind a key, in the trash or not.
    async fn task_id(&self, organization: OrganizationId, key: &TaskKey) -> Result<Option<TaskId>, StoreError>;
    async fn visibility(
        &self,
        organization: OrganizationId,
        project: ProjectId,
    ) -> Result<Option<Visibility>, StoreError>;
    /// The role that the user has themselves.
    async fn project_role(
        &self,
        organization: OrganizationId,
        project: ProjectId,
        user: UserId,
    ) -> Result<Option<ProjectRole>, StoreError>;
    /// All that the user was given in the project: by a role of their own and by those of their teams, together.
    async fn explicit(
        &self,
        organization: OrganizationId,
        project: ProjectId,
        user: UserId,
    ) -> Result<Option<Permissions>, StoreError>;
    /// The projects that teams of the user are in.
    async fn team_projects(&self, organization: OrganizationId, user: UserId) -> Result<Vec<ProjectId>, StoreError>;
}
