use async_trait::async_trait;
use tenon_domain::access::{Permission, Scope};

use super::membership::open_project;
use super::{ProjectRef, ProjectView};
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::token_access::TokenAccess;

/// Makes a project read-only.
#[derive(Clone, Debug)]
pub struct ArchiveProject {
    pub project: ProjectRef,
}

#[async_trait]
impl Command for ArchiveProject {
    type Output = ProjectView;
    const NAME: &'static str = "project.archive";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::ProjectsWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<ProjectView, AppError> {
        let mut project = open_project(work, &self.project, Permission::EditProject).await?;
        project.archive(work.now())?;
        let state = work.unit().projects().save(project).await?;
        let workflow = work.unit().projects().workflow(state.id).await?;
        Ok(ProjectView::new(state, &workflow))
    }
}

/// Makes an archived project writable again.
#[derive(Clone, Debug)]
pub struct UnarchiveProject {
    pub project: ProjectRef,
}

#[async_trait]
impl Command for UnarchiveProject {
    type Output = ProjectView;
    const NAME: &'static str = "project.unarchive";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::ProjectsWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<ProjectView, AppError> {
        let mut project = open_project(work, &self.project, Permission::EditProject).await?;
        project.unarchive(work.now())?;
        let state = work.unit().projects().save(project).await?;
        let workflow = work.unit().projects().workflow(state.id).await?;
        Ok(ProjectView::new(state, &workflow))
    }
}
