use async_trait::async_trait;
use tenon_domain::access::{Permission, Scope};
use tenon_domain::organizations::{OrganizationError, Team, TeamDescription, TeamEdit, TeamName, TeamState};
use tenon_domain::{TeamId, Version};

use super::TeamView;
use crate::command::{Command, Work, check_version};
use crate::error::AppError;
use crate::token_access::TokenAccess;
use crate::unit_of_work::StoreError;

/// Makes a team, which has no members yet.
#[derive(Clone, Debug)]
pub struct CreateTeam {
    pub name: TeamName,
    pub description: Option<TeamDescription>,
}

#[async_trait]
impl Command for CreateTeam {
    type Output = TeamView;
    const NAME: &'static str = "team.create";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<TeamView, AppError> {
        work.require(Permission::ManageTeams).await?;
        let teams = work.unit().teams().count().await?;
        let team = Team::create(work.next_id(), self.name.clone(), self.description.clone(), teams, work.now())?;
        Ok(TeamView::new(save(work, team).await?, 0))
    }
}

/// Changes fields of a team: `None` leaves one as it is, `Some(None)` clears it.
#[derive(Clone, Debug)]
pub struct EditTeam {
    pub team: TeamId,
    pub name: Option<TeamName>,
    pub description: Option<Option<TeamDescription>>,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for EditTeam {
    type Output = TeamView;
    const NAME: &'static str = "team.update";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<TeamView, AppError> {
        work.require(Permission::ManageTeams).await?;
        let mut team = work.unit().teams().find(self.team).await?.ok_or(AppError::NotFound("team"))?;
        check_version(self.expected_version, team.state().version)?;
        team.edit(TeamEdit { name: self.name.clone(), description: self.description.clone() }, work.now());
        let state = save(work, team).await?;
        let members = work.unit().teams().count_members(self.team).await?;
        Ok(TeamView::new(state, members))
    }
}

/// Deletes a team. What its members had in projects through it alone ends.
#[derive(Clone, Debug)]
pub struct DeleteTeam {
    pub team: TeamId,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for DeleteTeam {
    type Output = ();
    const NAME: &'static str = "team.delete";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        work.require(Permission::ManageTeams).await?;
        let mut team = work.unit().teams().find(self.team).await?.ok_or(AppError::NotFound("team"))?;
        check_version(self.expected_version, team.state().version)?;
        let projects = work.unit().teams().projects(self.team).await?;
        let members = work.unit().teams().members(self.team).await?;
        team.delete();
        work.unit().teams().remove(team).await?;
        let now = work.now();
        work.unit().projects().release_outsiders(&projects, &members, now).await?;
        Ok(())
    }
}

async fn save(work: &mut Work<'_>, team: Team) -> Result<TeamState, AppError> {
    match work.unit().teams().save(team).await {
        Err(StoreError::Duplicate(_)) => Err(OrganizationError::TeamNameTaken.into()),
        stored => Ok(stored?),
    }
}
