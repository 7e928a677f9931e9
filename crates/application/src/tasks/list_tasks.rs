use async_trait::async_trait;
use tenon_domain::access::Scope;

use super::{TaskFilter, TaskSort, TaskView};
use crate::error::AppError;
use crate::page::{Page, PageRequest};
use crate::projects::ProjectRef;
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// Tasks of all visible projects, or of one.
#[derive(Clone, Debug)]
pub struct ListTasks {
    /// Restricts the list to this project, which must be visible.
    pub project: Option<ProjectRef>,
    pub filter: TaskFilter,
    pub page: PageRequest<TaskSort>,
}

#[async_trait]
impl Query for ListTasks {
    type Output = Page<TaskView>;
    const NAME: &'static str = "task.list";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::TasksRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<TaskView>, AppError> {
        let viewer = reader.viewer()?;
        let Some(project) = &self.project else {
            return Ok(reader.queries().tasks.list(viewer, &self.filter, &self.page).await?);
        };
        let project = reader.queries().projects.find_id(viewer, project).await?;
        let mut filter = self.filter.clone();
        filter.project_ids = vec![project.ok_or(AppError::NotFound("project"))?];
        Ok(reader.queries().tasks.list(viewer, &filter, &self.page).await?)
    }
}
