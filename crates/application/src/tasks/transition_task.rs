use async_trait::async_trait;
use tenon_domain::Version;
use tenon_domain::access::{Permission, Scope};
use tenon_domain::tasks::TaskError;

use super::placement::open_live_task;
use super::{TaskRef, TaskView};
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::token_access::TokenAccess;

/// Moves a task to another status of its project's workflow.
#[derive(Clone, Debug)]
pub struct TransitionTask {
    pub task: TaskRef,
    pub status: String,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for TransitionTask {
    type Output = TaskView;
    const NAME: &'static str = "task.transition";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::TasksWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<TaskView, AppError> {
        let (mut task, project) = open_live_task(work, &self.task, Permission::EditTask, self.expected_version).await?;
        let workflow = work.unit().projects().workflow(project.state().id).await?;
        let status = workflow.find(&self.status).cloned().ok_or(TaskError::UnknownStatus)?;
        task.transition(status, work.now())?;
        Ok(work.unit().tasks().save(task).await?.into())
    }
}
