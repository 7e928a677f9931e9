//! The teams of a project: all their members have the role that the team has.

use async_trait::async_trait;
use tenon_domain::TeamId;
use tenon_domain::access::{OrganizationRole, Permission, Permissions, Scope};
use tenon_domain::projects::{GivenRole, Project};

use super::giving::{permit_change, without_role};
use super::membership::open_project_with_rights;
use super::{ProjectRef, ProjectTeamView};
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// Adds a team to a project, or changes its role in it.
#[derive(Clone, Debug)]
pub struct SetProjectTeam {
    pub project: ProjectRef,
    pub team: TeamId,
    pub role: GivenRole,
}

#[async_trait]
impl Command for SetProjectTeam {
    type Output = ProjectTeamView;
    const NAME: &'static str = "project.set_team";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::ProjectsWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<ProjectTeamView, AppError> {
        let needed = Permission::ManageProjectMembers;
        let (mut project, own) = open_project_with_rights(work, &self.project, needed).await?;
        project.ensure_active()?;
        let (id, now) = (project.state().id, work.now());
        // Holds the team until the commit: whoever comes or goes does so before or after, and is told of it.
        let team = work.unit().teams().find(self.team).await?.ok_or(AppError::NotFound("team"))?;
        let before = work.unit().teams().role_in_project(self.team, id).await?;
        let terms = permit_change(work, own, implicit(&project), before, Some(self.role)).await?;
        let (members, teams) = match before {
            Some(_) => (Vec::new(), 0),
            None => {
                let projects = work.unit().teams().projects(self.team).await?;
                team.ensure_room_for_project(projects.len() as u64)?;
                let members = work.unit().teams().members(self.team).await?;
                (members, work.unit().teams().count_in_project(id).await?)
            }
        };
        project.set_team(self.team, members, before, Some(self.role), teams)?;
        work.unit().projects().save(project).await?;
        work.unit().teams().set_role_in_project(self.team, id, Some(self.role), now).await?;
        Ok(ProjectTeamView {
            team_id: self.team,
            name: team.state().name.to_string(),
            role: self.role.role(),
            custom_role: terms.custom_role,
            added_at: now,
        })
    }
}

/// Takes a team out of a project. Who saw the project through it alone loses their assignments in it.
#[derive(Clone, Debug)]
pub struct RemoveProjectTeam {
    pub project: ProjectRef,
    pub team: TeamId,
}

#[async_trait]
impl Command for RemoveProjectTeam {
    type Output = ();
    const NAME: &'static str = "project.remove_team";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::ProjectsWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let needed = Permission::ManageProjectMembers;
        let (mut project, own) = open_project_with_rights(work, &self.project, needed).await?;
        let (id, now) = (project.state().id, work.now());
        work.unit().teams().find(self.team).await?.ok_or(AppError::NotFound("team"))?;
        let before = work.unit().teams().role_in_project(self.team, id).await?;
        if before.is_none() {
            return Err(AppError::NotFound("team"));
        }
        permit_change(work, own, implicit(&project), before, None).await?;
        let members = work.unit().teams().members(self.team).await?;
        project.set_team(self.team, members.clone(), before, None, 0)?;
        work.unit().projects().save(project).await?;
        work.unit().teams().set_role_in_project(self.team, id, None, now).await?;
        work.unit().projects().release_outsiders(&[id], &members, now).await?;
        Ok(())
    }
}

/// What members have without the team: a team can restrict them, as a role of their own can.
fn implicit(project: &Project) -> Permissions {
    without_role(project.state().visibility, OrganizationRole::Member)
}

/// The teams of a project.
#[derive(Clone, Debug)]
pub struct ListProjectTeams {
    pub project: ProjectRef,
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListProjectTeams {
    type Output = Page<ProjectTeamView>;
    const NAME: &'static str = "project.list_teams";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::ProjectsRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<ProjectTeamView>, AppError> {
        let viewer = reader.viewer()?;
        let projects = &reader.queries().projects;
        let id = projects.find_id(viewer, &self.project).await?.ok_or(AppError::NotFound("project"))?;
        Ok(projects.teams(viewer, id, &self.page).await?)
    }
}
