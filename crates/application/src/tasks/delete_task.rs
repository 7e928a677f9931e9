use async_trait::async_trait;
use tenon_domain::Version;
use tenon_domain::access::{Permission, Scope};

use super::TaskRef;
use super::placement::open_live_task;
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::token_access::TokenAccess;

/// Moves a task to the trash.
#[derive(Clone, Debug)]
pub struct DeleteTask {
    pub task: TaskRef,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for DeleteTask {
    type Output = ();
    const NAME: &'static str = "task.delete";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::TasksWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let (mut task, _) = open_live_task(work, &self.task, Permission::DeleteTask, self.expected_version).await?;
        task.delete(work.now());
        work.unit().tasks().save(task).await?;
        Ok(())
    }
}
