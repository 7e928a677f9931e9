use async_trait::async_trait;
use tenon_domain::access::{Permission, Scope};
use tenon_domain::{TeamId, UserId};

use super::{TeamMemberView, TeamView};
use crate::error::AppError;
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// The teams of the organization, in the order of their names.
#[derive(Clone, Debug)]
pub struct ListTeams {
    /// Only the teams of this member.
    pub member: Option<UserId>,
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListTeams {
    type Output = Page<TeamView>;
    const NAME: &'static str = "team.list";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<TeamView>, AppError> {
        let viewer = reader.require(Permission::ViewMembers)?;
        Ok(reader.queries().teams.list(viewer, self.member, &self.page).await?)
    }
}

/// One team of the organization.
#[derive(Clone, Copy, Debug)]
pub struct FindTeam {
    pub team: TeamId,
}

#[async_trait]
impl Query for FindTeam {
    type Output = TeamView;
    const NAME: &'static str = "team.find";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<TeamView, AppError> {
        let viewer = reader.require(Permission::ViewMembers)?;
        reader.queries().teams.find(viewer, self.team).await?.ok_or(AppError::NotFound("team"))
    }
}

/// The members of a team, in the order in which they were added.
#[derive(Clone, Debug)]
pub struct ListTeamMembers {
    pub team: TeamId,
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListTeamMembers {
    type Output = Page<TeamMemberView>;
    const NAME: &'static str = "team.list_members";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<TeamMemberView>, AppError> {
        let viewer = reader.require(Permission::ViewMembers)?;
        let teams = &reader.queries().teams;
        teams.find(viewer, self.team).await?.ok_or(AppError::NotFound("team"))?;
        Ok(teams.members(viewer, self.team, &self.page).await?)
    }
}
