use async_trait::async_trait;
use chrono::NaiveDate;
use tenon_domain::access::{Permission, Scope};
use tenon_domain::tasks::{Assignees, Edit, Estimate, Labels, TaskDescription, TaskPriority, TaskTitle, TaskType};
use tenon_domain::{TaskId, Version};

use super::placement::{check_assignees, find_parent, open_live_task};
use super::{TaskRef, TaskView};
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::token_access::TokenAccess;

/// The fields to change: `None` leaves one as it is, `Some(None)` clears it.
#[derive(Clone, Debug, Default)]
pub struct TaskFields {
    pub title: Option<TaskTitle>,
    pub description: Option<Option<TaskDescription>>,
    pub task_type: Option<TaskType>,
    pub priority: Option<TaskPriority>,
    pub assignees: Option<Assignees>,
    pub labels: Option<Labels>,
    pub parent_id: Option<Option<TaskId>>,
    pub start_date: Option<Option<NaiveDate>>,
    pub due_date: Option<Option<NaiveDate>>,
    pub estimate: Option<Option<Estimate>>,
}

/// Changes fields of a task.
#[derive(Clone, Debug)]
pub struct EditTask {
    pub task: TaskRef,
    pub fields: TaskFields,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for EditTask {
    type Output = TaskView;
    const NAME: &'static str = "task.update";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::TasksWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<TaskView, AppError> {
        let (mut task, project) = open_live_task(work, &self.task, Permission::EditTask, self.expected_version).await?;
        let fields = self.fields.clone();
        if let Some(assignees) = &fields.assignees {
            check_assignees(work, &project, assignees, &task.state().assignees).await?;
        }
        let parent = match fields.parent_id {
            None => None,
            Some(None) => Some(None),
            Some(Some(parent)) => {
                work.unit().tasks().lock_nesting(project.state().id).await?;
                Some(Some(find_parent(work, parent).await?))
            }
        };
        let edit = Edit {
            title: fields.title,
            description: fields.description,
            task_type: fields.task_type,
            priority: fields.priority,
            assignees: fields.assignees,
            labels: fields.labels,
            parent,
            start_date: fields.start_date,
            due_date: fields.due_date,
            estimate: fields.estimate,
        };
        task.edit(edit, work.now())?;
        Ok(work.unit().tasks().save(task).await?.into())
    }
}
