use async_trait::async_trait;
use tenon_domain::access::Scope;

use super::{ProjectRef, ProjectView};
use crate::error::AppError;
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// One project, by id or key.
#[derive(Clone, Debug)]
pub struct FindProject {
    pub project: ProjectRef,
}

#[async_trait]
impl Query for FindProject {
    type Output = ProjectView;
    const NAME: &'static str = "project.find";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::ProjectsRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<ProjectView, AppError> {
        let viewer = reader.viewer()?;
        reader.queries().projects.find(viewer, &self.project).await?.ok_or(AppError::NotFound("project"))
    }
}
