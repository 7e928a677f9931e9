use async_trait::async_trait;
use tenon_domain::access::Permissions;
use tenon_domain::projects::{GivenRole, Project, ProjectKey, ProjectState, Workflow};
use tenon_domain::{ProjectId, Timestamp, UserId};

use super::{ProjectMemberView, ProjectTeamView, ProjectView};
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
    /// A project and what the user was given in it: by a role of their own and by those of their teams, together.
    async fn find_for(
        &mut self,
        id: ProjectId,
        user: UserId,
    ) -> Result<Option<(Project, Option<Permissions>)>, StoreError>;
    /// Writes the row, checks its version and stores the events. A taken key is [`StoreError::Duplicate`].
    /// A new project is stored with `workflow` and a task counter. Answers the state as stored.
    async fn create(&mut self, project: Project, workflow: &Workflow) -> Result<ProjectState, StoreError>;
    async fn save(&mut self, project: Project) -> Result<ProjectState, StoreError>;
    /// Removes the project with its tasks and members, and stores the events.
    async fn delete(&mut self, project: Project) -> Result<(), StoreError>;
    async fn workflow(&mut self, id: ProjectId) -> Result<Workflow, StoreError>;
    /// The role that the user has themselves.
    async fn role(&mut self, id: ProjectId, user: UserId) -> Result<Option<GivenRole>, StoreError>;
    /// Writes or removes (`None`) the role that the user has themselves.
    async fn set_role(
        &mut self,
        id: ProjectId,
        user: UserId,
        role: Option<GivenRole>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// How many people, this user apart, have the role of manager themselves and can use it: guests and those without access
    /// cannot. Locks the project until the commit.
    async fn count_managers(&mut self, id: ProjectId, apart: Option<UserId>) -> Result<u64, StoreError>;
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
    /// Ends what those of the users have in these projects who cannot see them any more: their assignments, and the
    /// lead of private ones.
    async fn release_outsiders(
        &mut self,
        projects: &[ProjectId],
        users: &[UserId],
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Makes `heir` a manager of the private projects that nobody but `user` manages and can.
    async fn hand_on(&mut self, user: UserId, heir: UserId, now: Timestamp) -> Result<(), StoreError>;
    /// Takes a user, who leaves the organization, out of all its projects and teams: their explicit roles, their leads
    /// and their assignments end. Private projects they alone managed pass to `heir`.
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
    /// The teams of a project.
    async fn teams(
        &self,
        viewer: Viewer,
        project: ProjectId,
        page: &PageRequest<Unsorted>,
    ) -> Result<Page<ProjectTeamView>, StoreError>;
}
