use async_trait::async_trait;

use super::{TaskRef, TaskView};
use crate::error::AppError;
use crate::query::{Query, Reader};

/// One task, by id or key.
#[derive(Clone, Debug)]
pub struct FindTask {
    pub task: TaskRef,
}

#[async_trait]
impl Query for FindTask {
    type Output = TaskView;
    const NAME: &'static str = "task.find";

    async fn run(&self, reader: &Reader<'_>) -> Result<TaskView, AppError> {
        let viewer = reader.viewer()?;
        reader.queries().tasks.find(viewer, &self.task).await?.ok_or(AppError::NotFound("task"))
    }
}
