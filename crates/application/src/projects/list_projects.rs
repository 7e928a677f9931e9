use async_trait::async_trait;
use tenon_domain::access::Scope;

use super::{ProjectFilter, ProjectSort, ProjectView};
use crate::error::AppError;
use crate::page::{Page, PageRequest};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// The projects the actor may see.
#[derive(Clone, Debug)]
pub struct ListProjects {
    pub filter: ProjectFilter,
    pub page: PageRequest<ProjectSort>,
}

#[async_trait]
impl Query for ListProjects {
    type Output = Page<ProjectView>;
    const NAME: &'static str = "project.list";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::ProjectsRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<ProjectView>, AppError> {
        Ok(reader.queries().projects.list(reader.viewer()?, &self.filter, &self.page).await?)
    }
}
