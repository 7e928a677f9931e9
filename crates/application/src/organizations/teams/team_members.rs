use async_trait::async_trait;
use tenon_domain::access::{Permission, Scope};
use tenon_domain::organizations::OrganizationError;
use tenon_domain::{TeamId, UserId};

use super::TeamMemberView;
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::token_access::TokenAccess;

/// Adds a member of the organization to a team, and with that to all its projects.
#[derive(Clone, Copy, Debug)]
pub struct AddTeamMember {
    pub team: TeamId,
    pub user: UserId,
}

#[async_trait]
impl Command for AddTeamMember {
    type Output = TeamMemberView;
    const NAME: &'static str = "team.add_member";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<TeamMemberView, AppError> {
        work.require(Permission::ManageTeams).await?;
        let mut team = work.unit().teams().find(self.team).await?.ok_or(AppError::NotFound("team"))?;
        let member = work.unit().members().find(self.user).await?;
        let Some(member) = member.filter(|it| it.state().is_active()) else {
            return Err(OrganizationError::TeamMemberOutsideOrganization.into());
        };
        let now = work.now();
        let since = work.unit().teams().member_since(self.team, self.user).await?;
        if since.is_none() {
            let members = work.unit().teams().count_members(self.team).await?;
            team.add_member(self.user, members, now)?;
            work.unit().teams().save(team).await?;
            work.unit().teams().add_member(self.team, self.user, now).await?;
        }
        Ok(TeamMemberView {
            user_id: self.user,
            display_name: member.state().display_name.clone(),
            added_at: since.unwrap_or(now),
        })
    }
}

/// Takes a member out of a team, and out of the projects that they saw through it alone. Everybody may leave.
#[derive(Clone, Copy, Debug)]
pub struct RemoveTeamMember {
    pub team: TeamId,
    pub user: UserId,
}

#[async_trait]
impl Command for RemoveTeamMember {
    type Output = ();
    const NAME: &'static str = "team.remove_member";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let leaves = work.viewer()?.user == self.user;
        if !leaves {
            work.require(Permission::ManageTeams).await?;
        }
        let mut team = work.unit().teams().find(self.team).await?.ok_or(AppError::NotFound("team"))?;
        if work.unit().teams().member_since(self.team, self.user).await?.is_none() {
            // Who may not see the teams is not told that there is one which they are not in.
            return Err(AppError::NotFound(if leaves { "team" } else { "member" }));
        }
        let now = work.now();
        team.remove_member(self.user, now);
        work.unit().teams().save(team).await?;
        work.unit().teams().remove_member(self.team, self.user).await?;
        let projects = work.unit().teams().projects(self.team).await?;
        work.unit().projects().release_outsiders(&projects, &[self.user], now).await?;
        Ok(())
    }
}
