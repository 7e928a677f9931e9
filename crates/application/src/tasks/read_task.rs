use async_trait::async_trait;
use tenon_domain::access::Scope;

use super::{TaskRef, TaskView};
use crate::documents::{Document, Rendering};
use crate::error::AppError;
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// One task, by id or key, as the API answers it.
#[derive(Clone, Debug)]
pub struct ReadTask {
    pub task: TaskRef,
    pub rendering: Rendering<TaskView>,
}

#[async_trait]
impl Query for ReadTask {
    type Output = Document;
    const NAME: &'static str = "task.find";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::TasksRead);
    const FROM_CACHE: bool = true;

    async fn run(&self, reader: &Reader<'_>) -> Result<Document, AppError> {
        let viewer = reader.viewer()?;
        let found = if reader.documents().are_cached() {
            reader.documents().task(viewer, &self.task, self.rendering).await?
        } else {
            let view = reader.queries().tasks.find(viewer, &self.task).await?;
            view.map(|view| self.rendering.document(view.id.uuid(), view.version, view.project_id, view)).transpose()?
        };
        found.ok_or(AppError::NotFound("task"))
    }
}
