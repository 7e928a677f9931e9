use async_trait::async_trait;
use tenon_domain::access::{OrganizationRole, Permission, ProjectRole, Scope, Visibility};
use tenon_domain::projects::{
    GivenRole, NewProject, Project, ProjectDescription, ProjectError, ProjectKey, ProjectName, Workflow,
};
use tenon_domain::{ProjectId, UserId};

use super::ProjectView;
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::token_access::TokenAccess;
use crate::unit_of_work::StoreError;

/// Creates a project with the standard workflow. The actor becomes its manager, and so does its lead: neither is a guest.
#[derive(Clone, Debug)]
pub struct CreateProject {
    pub key: ProjectKey,
    pub name: ProjectName,
    pub description: Option<ProjectDescription>,
    pub visibility: Visibility,
    pub lead_id: Option<UserId>,
}

#[async_trait]
impl Command for CreateProject {
    type Output = ProjectView;
    const NAME: &'static str = "project.create";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::ProjectsWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<ProjectView, AppError> {
        // Whoever is removed meanwhile, or becomes a guest, must not leave a project that nobody can manage.
        work.review_access().await?;
        let viewer = work.require(Permission::CreateProject).await?;
        if viewer.role == OrganizationRole::Guest {
            return Err(AppError::Forbidden(Permission::CreateProject));
        }
        let creator = viewer.user;
        if let Some(lead) = self.lead_id {
            let lead = work.unit().members().find(lead).await?.and_then(|it| it.state().active_role());
            match lead {
                None => return Err(ProjectError::LeadOutsideProject.into()),
                Some(OrganizationRole::Guest) => return Err(ProjectError::GuestManager.into()),
                Some(_) => {}
            }
        }
        let manager = GivenRole::from(ProjectRole::Manager);
        let now = work.now();
        let id: ProjectId = work.next_id();
        let new = NewProject {
            id,
            key: self.key.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            visibility: self.visibility,
            lead_id: self.lead_id,
        };
        let workflow = Workflow::standard();
        let mut project = Project::create(new, now);
        if let Some(lead) = self.lead_id.filter(|lead| *lead != creator) {
            project.set_member(lead, None, Some(manager));
        }
        let projects = work.unit().projects();
        let state = match projects.create(project, &workflow).await {
            Err(StoreError::Duplicate(_)) => return Err(ProjectError::KeyTaken.into()),
            stored => stored?,
        };
        projects.set_role(id, creator, Some(manager), now).await?;
        if let Some(lead) = self.lead_id.filter(|lead| *lead != creator) {
            projects.set_role(id, lead, Some(manager), now).await?;
        }
        Ok(ProjectView::new(state, &workflow))
    }
}
