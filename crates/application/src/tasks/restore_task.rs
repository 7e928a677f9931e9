use async_trait::async_trait;
use tenon_domain::access::{Permission, Scope};

use super::placement::open_task;
use super::{TaskRef, TaskView};
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::token_access::TokenAccess;

/// Brings a task back from the trash.
#[derive(Clone, Debug)]
pub struct RestoreTask {
    pub task: TaskRef,
}

#[async_trait]
impl Command for RestoreTask {
    type Output = TaskView;
    const NAME: &'static str = "task.restore";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::TasksWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<TaskView, AppError> {
        let (mut task, _) = open_task(work, &self.task, Permission::DeleteTask, None).await?;
        task.restore_from_trash(work.now())?;
        Ok(work.unit().tasks().save(task).await?.into())
    }
}
