use async_trait::async_trait;
use chrono::NaiveDate;
use tenon_domain::access::{Permission, Scope};
use tenon_domain::tasks::{
    Assignees, Estimate, Labels, NewTask, Task, TaskDescription, TaskKey, TaskPriority, TaskTitle, TaskType,
};
use tenon_domain::{ProjectId, TaskId};

use super::TaskView;
use super::placement::{check_assignees, find_parent};
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::token_access::TokenAccess;

/// Creates a task in the first status of the project's workflow, reported by the actor.
#[derive(Clone, Debug)]
pub struct CreateTask {
    pub project_id: ProjectId,
    pub title: TaskTitle,
    pub description: Option<TaskDescription>,
    pub task_type: TaskType,
    pub priority: TaskPriority,
    pub assignees: Assignees,
    pub labels: Labels,
    pub start_date: Option<NaiveDate>,
    pub due_date: Option<NaiveDate>,
    pub parent_id: Option<TaskId>,
    pub estimate: Option<Estimate>,
}

#[async_trait]
impl Command for CreateTask {
    type Output = TaskView;
    const NAME: &'static str = "task.create";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::TasksWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<TaskView, AppError> {
        let reporter = work.viewer()?.user;
        let project = work.project(self.project_id, Permission::CreateTask).await?;
        project.ensure_active()?;
        check_assignees(work, &project, &self.assignees, &Assignees::default()).await?;
        let parent = match self.parent_id {
            Some(parent) => Some(find_parent(work, parent).await?),
            None => None,
        };
        // Without a workflow the project is being deleted; trying again finds it gone.
        let workflow = work.unit().projects().workflow(self.project_id).await?;
        let status = workflow.initial().cloned().ok_or(AppError::Stale)?;
        // The number is taken last: taking it locks the project's counter until the commit.
        let number = work.unit().tasks().next_number(self.project_id).await?;
        let new = NewTask {
            id: work.next_id(),
            project_id: self.project_id,
            key: TaskKey::new(project.state().key.clone(), number),
            number,
            task_type: self.task_type,
            title: self.title.clone(),
            description: self.description.clone(),
            status,
            priority: self.priority,
            assignees: self.assignees.clone(),
            labels: self.labels.clone(),
            parent,
            start_date: self.start_date,
            due_date: self.due_date,
            estimate: self.estimate,
        };
        let task = Task::create(new, reporter, work.now())?;
        Ok(work.unit().tasks().save(task).await?.into())
    }
}
