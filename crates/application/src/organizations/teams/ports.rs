use async_trait::async_trait;
use tenon_domain::organizations::{Team, TeamState};
use tenon_domain::projects::GivenRole;
use tenon_domain::{ProjectId, TeamId, Timestamp, UserId};

use super::{TeamMemberView, TeamView};
use crate::actor::Viewer;
use crate::page::{Page, PageRequest, Unsorted};
use crate::unit_of_work::StoreError;

/// Teams in a unit of work, bound to its organization.
#[async_trait]
pub trait TeamRepository: Send {
    /// Locks the team until the commit, so that its members and its projects stay as they are found.
    async fn find(&mut self, id: TeamId) -> Result<Option<Team>, StoreError>;
    /// Writes the row, checks its version and stores the events. A taken name is [`StoreError::Duplicate`].
    async fn save(&mut self, team: Team) -> Result<TeamState, StoreError>;
    /// Removes the team with its memberships and its roles in projects, and stores the events.
    async fn remove(&mut self, team: Team) -> Result<(), StoreError>;
    /// How many teams the organization has. Locks the organization, so that the answer holds until the commit.
    async fn count(&mut self) -> Result<u64, StoreError>;
    async fn members(&mut self, id: TeamId) -> Result<Vec<UserId>, StoreError>;
    async fn count_members(&mut self, id: TeamId) -> Result<u64, StoreError>;
    /// Since when the user has been a member of the team.
    async fn member_since(&mut self, id: TeamId, user: UserId) -> Result<Option<Timestamp>, StoreError>;
    /// Who is no member of the organization any more is [`StoreError::Stale`].
    async fn add_member(&mut self, id: TeamId, user: UserId, now: Timestamp) -> Result<(), StoreError>;
    async fn remove_member(&mut self, id: TeamId, user: UserId) -> Result<(), StoreError>;
    /// The projects that the team is in.
    async fn projects(&mut self, id: TeamId) -> Result<Vec<ProjectId>, StoreError>;
    async fn role_in_project(&mut self, id: TeamId, project: ProjectId) -> Result<Option<GivenRole>, StoreError>;
    /// Writes or removes (`None`) the role of the team.
    async fn set_role_in_project(
        &mut self,
        id: TeamId,
        project: ProjectId,
        role: Option<GivenRole>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// How many teams are in the project.
    async fn count_in_project(&mut self, project: ProjectId) -> Result<u64, StoreError>;
}

/// The read side of teams.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait TeamQueries: Send + Sync {
    async fn find(&self, viewer: Viewer, id: TeamId) -> Result<Option<TeamView>, StoreError>;
    /// The teams of the viewer's organization, or those of a member, in the order of their names.
    async fn list(
        &self,
        viewer: Viewer,
        member: Option<UserId>,
        page: &PageRequest<Unsorted>,
    ) -> Result<Page<TeamView>, StoreError>;
    /// The members of a team, in the order in which they were added.
    async fn members(
        &self,
        viewer: Viewer,
        id: TeamId,
        page: &PageRequest<Unsorted>,
    ) -> Result<Page<TeamMemberView>, StoreError>;
}
