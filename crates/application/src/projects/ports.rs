use async_trait::async_trait;
use tenon_domain::access::ProjectRole;
use tenon_domain::projects::{Project, ProjectKey, ProjectState, Workflow};
use tenon_domain::{ProjectId, Timestamp, UserId};

use super::{ProjectMemberView, ProjectView};
use crate::actor::Viewer;
use crate::page::{Page, PageRequest, Unsorted};
use crate::unit_of_work::StoreError;

/// How a caller names a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProjectRef {
    Id(ProjectId),
    Key(ProjectKey),
}

/// Projects in a unit of work, bound to its organization.
#[async_trait]
pub trait ProjectRepository: Send {
    /// The id behind a reference, whoever may see it.
    async fn resolve(&mut self, project: &ProjectRef) -> Result<Option<ProjectId>, StoreError>;
    /// A project and the user's explicit role in it.
    async fn find_for(
        &mut self,
        id: ProjectId,
        user: UserId,
    ) -> Result<Option<(Project, Option<ProjectRole>)>, StoreError>;
    /// Writes the row, checks its version and stores the events. A taken key is [`StoreError::Duplicate`].
    /// A new project is stored with `workflow` and a task counter. Answers the state as stored.
    async fn create(&mut self, project: Project, workflow: &Workflow) -> Result<ProjectState, StoreError>;
    async fn save(&mut self, project: Project) -> Result<ProjectState, StoreError>;
    /// Removes the project with its tasks and members, and stores the events.
    async fn delete(&mut self, project: Project) -> Result<(), StoreError>;
    async fn workflow(&mut self, id: ProjectId) -> Result<Workflow, StoreError>;
    /// The user's explicit role.
    async fn role(&mut self, id: ProjectId, user: UserId) -> Result<Option<ProjectRole>, StoreError>;
    /// Writes or removes (`None`) the user's explicit role.
    async fn set_role(
        &mut self,
        id: ProjectId,
        user: UserId,
        role: Option<ProjectRole>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// How many members have the role of manager explicitly. Locks the project until the commit.
    async fn count_managers(&mut self, id: ProjectId) -> Result<u64, StoreError>;
    /// Those of the users who are members of the organization and can see the project.
    async fn insiders(&mut self, id: ProjectId, users: &[UserId]) -> Result<Vec<UserId>, StoreError>;
    /// Who of the users can see which of the projects, like [`ProjectRepository::insiders`] for each, in one query.
    async fn insiders_of_all(
        &mut self,
        projects: &[ProjectId],
        users: &[UserId],
    ) -> Result<Vec<(ProjectId, UserId)>, StoreError>;
    /// Takes everybody off the project's tasks who cannot see it any more.
    async fn unassign_outsiders(&mut self, id: ProjectId, now: Timestamp) -> Result<(), StoreError>;
    /// Takes a user, who leaves the organization, out of all its projects: their explicit roles, their leads and
    /// their assignments end. Private projects they alone managed pass to `heir`.
    async fn release_user(&mut self, user: UserId, heir: UserId, now: Timestamp) -> Result<(), StoreError>;
}

/// Which projects a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectFilter {
    /// `Some(true)`: only archived ones; `Some(false)`: only active ones.
    pub archived: Option<bool>,
    /// Text in the name or the key, whatever its case.
    pub text: Option<String>,
}

/// What projects can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProjectSort {
    CreatedAt,
    UpdatedAt,
    Key,
    Name,
}

/// The read side of projects. Only what the viewer may see is ever returned or counted.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait ProjectQueries: Send + Sync {
    /// The id behind a reference, if the viewer may see the project.
    async fn find_id(&self, viewer: Viewer, project: &ProjectRef) -> Result<Option<ProjectId>, StoreError>;
    async fn find(&self, viewer: Viewer, project: &ProjectRef) -> Result<Option<ProjectView>, StoreError>;
    async fn list(
        &self,
        viewer: Viewer,
        filter: &ProjectFilter,
        page: &PageRequest<ProjectSort>,
    ) -> Result<Page<ProjectView>, StoreError>;
    /// The explicit members of a project.
    async fn members(
        &self,
        viewer: Viewer,
        project: ProjectId,
        page: &PageRequest<Unsorted>,
    ) -> Result<Page<ProjectMemberView>, StoreError>;
    async fn member(
        &self,
        viewer: Viewer,
        project: ProjectId,
        user: UserId,
    ) -> Result<Option<ProjectMemberView>, StoreError>;
}
