//! The explicit members of a project.

use async_trait::async_trait;
use tenon_domain::UserId;
use tenon_domain::access::{OrganizationRole, Permission, ProjectRole, Scope, Visibility};
use tenon_domain::projects::{ProjectEdit, ProjectError};

use super::membership::open_project;
use super::{ProjectMemberView, ProjectRef};
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// Adds a member of the organization to a project, or changes their role in it.
#[derive(Clone, Debug)]
pub struct SetProjectMember {
    pub project: ProjectRef,
    pub user: UserId,
    pub role: ProjectRole,
}

#[async_trait]
impl Command for SetProjectMember {
    type Output = ProjectMemberView;
    const NAME: &'static str = "project.set_member";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::ProjectsWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<ProjectMemberView, AppError> {
        let mut project = open_project(work, &self.project, Permission::ManageProjectMembers).await?;
        project.ensure_active()?;
        let Some(member) = work.unit().members().find(self.user).await? else {
            return Err(ProjectError::MemberOutsideOrganization.into());
        };
        if self.role == ProjectRole::Manager && member.state().role == OrganizationRole::Guest {
            return Err(ProjectError::GuestManager.into());
        }
        let id = project.state().id;
        let before = work.unit().projects().role(id, self.user).await?;
        if self.role != ProjectRole::Manager {
            keep_a_manager(work, &project, before).await?;
        }
        project.set_member(self.user, before, Some(self.role));
        let now = work.now();
        work.unit().projects().set_role(id, self.user, Some(self.role), now).await?;
        work.unit().projects().save(project).await?;
        Ok(ProjectMemberView {
            user_id: self.user,
            display_name: member.state().display_name.clone(),
            role: self.role,
            added_at: now,
        })
    }
}

/// Takes somebody's explicit role in a project away, and with their access their assignments in it.
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
        // Leaving needs no permission; removing others does.
        let leaves = work.viewer()?.user == self.user;
        let needed = if leaves { Permission::ViewProject } else { Permission::ManageProjectMembers };
        let mut project = open_project(work, &self.project, needed).await?;
        project.ensure_active()?;
        let id = project.state().id;
        let before = work.unit().projects().role(id, self.user).await?;
        if before.is_none() {
            return Err(AppError::NotFound("member"));
        }
        keep_a_manager(work, &project, before).await?;
        let (state, now) = (project.state(), work.now());
        // The lead of a private project is a member of it; who leaves no longer leads.
        if state.visibility == Visibility::Private && state.lead_id == Some(self.user) {
            project.edit(ProjectEdit { lead_id: Some(None), ..ProjectEdit::default() }, now)?;
        }
        project.set_member(self.user, before, None);
        work.unit().projects().set_role(id, self.user, None, now).await?;
        work.unit().projects().save(project).await?;
        work.unit().projects().unassign_outsiders(id, now).await?;
        Ok(())
    }
}

/// Refuses when a private project would lose its last manager.
async fn keep_a_manager(
    work: &mut Work<'_>,
    project: &tenon_domain::projects::Project,
    before: Option<ProjectRole>,
) -> Result<(), AppError> {
    let state = project.state();
    let is_manager = before == Some(ProjectRole::Manager);
    if is_manager
        && state.visibility == Visibility::Private
        && work.unit().projects().count_managers(state.id).await? <= 1
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
