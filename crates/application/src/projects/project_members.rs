//! The explicit members of a project.

use async_trait::async_trait;
use tenon_domain::access::{OrganizationRole, Permission, Permissions, ProjectAccess, ProjectRole, Scope, Visibility};
use tenon_domain::projects::{GivenRole, Project, ProjectError};
use tenon_domain::{ProjectId, UserId};

use super::giving::{permit_change, without_role};
use super::membership::{is_added, open_project_with_rights};
use super::{ProjectMemberView, ProjectRef};
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

const MANAGER: GivenRole = GivenRole::System(ProjectRole::Manager);

/// Adds a member of the organization to a project, or changes their role in it.
#[derive(Clone, Debug)]
pub struct SetProjectMember {
    pub project: ProjectRef,
    pub user: UserId,
    pub role: GivenRole,
}

#[async_trait]
impl Command for SetProjectMember {
    type Output = ProjectMemberView;
    const NAME: &'static str = "project.set_member";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::ProjectsWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<ProjectMemberView, AppError> {
        let needed = Permission::ManageProjectMembers;
        let (mut project, own) = open_project_with_rights(work, &self.project, needed).await?;
        project.ensure_active()?;
        let member = work.unit().members().find(self.user).await?;
        let Some(member) = member.filter(|it| it.state().is_active()) else {
            return Err(ProjectError::MemberOutsideOrganization.into());
        };
        let id = project.state().id;
        let before = work.unit().projects().role(id, self.user).await?;
        let implicit = without_role(project.state().visibility, member.state().role);
        let terms = permit_change(work, own, implicit, before, Some(self.role)).await?;
        let within_reach = ProjectRole::Contributor.permissions().contain_all(terms.permissions);
        if member.state().role == OrganizationRole::Guest && !within_reach {
            return Err(ProjectError::GuestManager.into());
        }
        if self.role != MANAGER {
            keep_a_manager(work, &project, self.user, before).await?;
        }
        project.set_member(self.user, before, Some(self.role));
        let now = work.now();
        work.unit().projects().set_role(id, self.user, Some(self.role), now).await?;
        work.unit().projects().save(project).await?;
        Ok(ProjectMemberView {
            user_id: self.user,
            display_name: member.state().display_name.clone(),
            role: self.role.role(),
            custom_role: terms.custom_role,
            added_at: now,
        })
    }
}

/// Takes somebody's explicit role in a project away, and with their access their assignments in it. Everybody may leave
/// who does not gain by it: in an open project a role may be there to restrict.
#[derive(Clone, Debug)]
pub struct RemoveProjectMember {
    pub project: ProjectRef,
    pub user: UserId,
}

#[async_trait]
impl Command for RemoveProjectMember {
    type Output = ();
    const NAME: &'static str = "project.remove_member";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::ProjectsWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        // Whoever else manages it must not stop doing so meanwhile, also when somebody leaves.
        work.review_access().await?;
        // Leaving needs no permission; removing others does.
        let leaves = work.viewer()?.user == self.user;
        let needed = if leaves { Permission::ViewProject } else { Permission::ManageProjectMembers };
        let (mut project, own) = open_project_with_rights(work, &self.project, needed).await?;
        let id = project.state().id;
        let before = work.unit().projects().role(id, self.user).await?;
        if before.is_none() {
            return Err(AppError::NotFound("member"));
        }
        if !leaves {
            let member = work.unit().members().find(self.user).await?;
            let role = member.map_or(OrganizationRole::Guest, |it| it.state().role);
            let implicit = without_role(project.state().visibility, role);
            permit_change(work, own, implicit, before, None).await?;
        }
        keep_a_manager(work, &project, self.user, before).await?;
        let now = work.now();
        work.unit().projects().set_role(id, self.user, None, now).await?;
        if leaves {
            gain_nothing(work, id, own).await?;
        }
        let leads_in_private =
            project.state().visibility == Visibility::Private && project.state().lead_id == Some(self.user);
        // The lead of a private project is in it; who leaves no longer leads, unless a team of theirs is in it, too.
        if leads_in_private && !is_added(work, id, self.user).await? {
            project.end_lead(now);
        }
        project.set_member(self.user, before, None);
        work.unit().projects().save(project).await?;
        work.unit().projects().unassign_outsiders(id, now).await?;
        Ok(())
    }
}

/// Refuses when the actor has more in the project now than they had before.
async fn gain_nothing(work: &mut Work<'_>, id: ProjectId, before: Permissions) -> Result<(), AppError> {
    let viewer = work.viewer()?;
    let Some((project, explicit)) = work.unit().projects().find_for(id, viewer.user).await? else { return Ok(()) };
    let access = ProjectAccess { organization_role: viewer.role, visibility: project.state().visibility, explicit };
    let now = access.permissions().unwrap_or_default();
    if before.contain_all(now) { Ok(()) } else { Err(AppError::Forbidden(Permission::ManageProjectMembers)) }
}

/// Refuses when a private project would lose its last manager. Teams do not count: anybody may leave them.
async fn keep_a_manager(
    work: &mut Work<'_>,
    project: &Project,
    user: UserId,
    before: Option<GivenRole>,
) -> Result<(), AppError> {
    let state = project.state();
    if before == Some(MANAGER)
        && state.visibility == Visibility::Private
        && work.unit().projects().count_managers(state.id, Some(user)).await? == 0
    {
        return Err(ProjectError::LastManager.into());
    }
    Ok(())
}

/// The explicit members of a project.
#[derive(Clone, Debug)]
pub struct ListProjectMembers {
    pub project: ProjectRef,
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListProjectMembers {
    type Output = Page<ProjectMemberView>;
    const NAME: &'static str = "project.list_members";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::ProjectsRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<ProjectMemberView>, AppError> {
        let viewer = reader.viewer()?;
        let projects = &reader.queries().projects;
        let id = projects.find_id(viewer, &self.project).await?.ok_or(AppError::NotFound("project"))?;
        Ok(projects.members(viewer, id, &self.page).await?)
    }
}

/// One explicit member of a project.
#[derive(Clone, Debug)]
pub struct FindProjectMember {
    pub project: ProjectRef,
    pub user: UserId,
}

#[async_trait]
impl Query for FindProjectMember {
    type Output = ProjectMemberView;
    const NAME: &'static str = "project.find_member";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::ProjectsRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<ProjectMemberView, AppError> {
        let viewer = reader.viewer()?;
        let projects = &reader.queries().projects;
        let id = projects.find_id(viewer, &self.project).await?.ok_or(AppError::NotFound("project"))?;
        projects.member(viewer, id, self.user).await?.ok_or(AppError::NotFound("member"))
    }
}
