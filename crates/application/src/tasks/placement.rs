//! What a task refers to, checked against the store: its assignees and its parent.

use tenon_domain::access::Permission;
use tenon_domain::projects::Project;
use tenon_domain::tasks::{Assignees, Parent, Task, TaskError};
use tenon_domain::{TaskId, Version};

use super::TaskRef;
use crate::command::{Work, check_version};
use crate::error::AppError;

/// Every assignee must be able to see the project, but for those who had the task `before`: they may be suspended since.
pub(super) async fn check_assignees(
    work: &mut Work<'_>,
    project: &Project,
    assignees: &Assignees,
    before: &Assignees,
) -> Result<(), AppError> {
    let mut added = assignees.as_slice().to_vec();
    added.retain(|assignee| !before.as_slice().contains(assignee));
    if added.is_empty() {
        return Ok(());
    }
    let insiders = work.unit().projects().insiders(project.state().id, &added).await?;
    let all_inside = added.iter().all(|assignee| insiders.contains(assignee));
    if all_inside { Ok(()) } else { Err(TaskError::AssigneeOutsideProject.into()) }
}

pub(super) async fn find_parent(work: &mut Work<'_>, parent: TaskId) -> Result<Parent, AppError> {
    let (project_id, ancestors) = work.unit().tasks().lineage(parent).await?.ok_or(TaskError::ParentNotFound)?;
    Ok(Parent { id: parent, project_id, ancestors })
}

/// The task and its project, if the actor may do this to it and the project is active.
pub(super) async fn open_task(
    work: &mut Work<'_>,
    task: &TaskRef,
    permission: Permission,
    expected: Option<Version>,
) -> Result<(Task, Project), AppError> {
    let absent = AppError::NotFound("task");
    let task = work.unit().tasks().find(task).await?.ok_or_else(|| absent.clone())?;
    let project = work.project_or(task.state().project_id, permission, absent).await?;
    check_version(expected, task.state().version)?;
    project.ensure_active()?;
    Ok((task, project))
}

/// Like [`open_task`], for a task that is not in the trash.
pub(super) async fn open_live_task(
    work: &mut Work<'_>,
    task: &TaskRef,
    permission: Permission,
    expected: Option<Version>,
) -> Result<(Task, Project), AppError> {
    let (task, project) = open_task(work, task, permission, expected).await?;
    if task.state().deleted_at.is_some() { Err(AppError::NotFound("task")) } else { Ok((task, project)) }
}
