use async_trait::async_trait;
use chrono::NaiveDate;
use tenon_domain::projects::StatusCategory;
use tenon_domain::tasks::{Task, TaskKey, TaskPriority, TaskState, TaskType};
use tenon_domain::{ProjectId, TaskId, Timestamp, UserId};

use super::TaskView;
use crate::actor::Viewer;
use crate::page::{Page, PageRequest};
use crate::unit_of_work::StoreError;

/// How a caller names a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskRef {
    Id(TaskId),
    Key(TaskKey),
}

/// Tasks in a unit of work, bound to its organization.
#[async_trait]
pub trait TaskRepository: Send {
    /// A task, in the trash or not.
    async fn find(&mut self, task: &TaskRef) -> Result<Option<Task>, StoreError>;
    /// Writes the row, checks its version and stores the events. Answers the state as stored.
    async fn save(&mut self, task: Task) -> Result<TaskState, StoreError>;
    /// The next number of the project: unique and rising, also under concurrent creation. [`StoreError::Stale`] when
    /// the project is gone.
    async fn next_number(&mut self, project: ProjectId) -> Result<i64, StoreError>;
    /// Makes concurrent changes to what is part of what in a project wait for each other until the commit, so that
    /// together they cannot close a circle.
    async fn lock_nesting(&mut self, project: ProjectId) -> Result<(), StoreError>;
    /// The task's project and its ancestors, nearest first; `None` when it does not exist or is in the trash.
    async fn lineage(&mut self, task: TaskId) -> Result<Option<(ProjectId, Vec<TaskId>)>, StoreError>;
}

/// Which tasks a list shows: OR within a field, AND between fields. Tasks in the trash are never listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFilter {
    pub project_ids: Vec<ProjectId>,
    pub statuses: Vec<String>,
    pub categories: Vec<StatusCategory>,
    pub assignees: Vec<UserId>,
    pub reporters: Vec<UserId>,
    pub priorities: Vec<TaskPriority>,
    pub labels: Vec<String>,
    pub types: Vec<TaskType>,
    /// Due strictly before this day.
    pub due_before: Option<NaiveDate>,
    /// Due strictly after this day.
    pub due_after: Option<NaiveDate>,
    /// Changed strictly after this moment.
    pub updated_after: Option<Timestamp>,
    /// Text in the title, the description or the key, whatever its case.
    pub text: Option<String>,
}

/// What tasks can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskSort {
    CreatedAt,
    UpdatedAt,
    /// By project key, then number.
    Key,
    Title,
    Priority,
    StartDate,
    DueDate,
}

/// The read side of tasks. Only what the viewer may see is ever returned or counted.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait TaskQueries: Send + Sync {
    async fn find(&self, viewer: Viewer, task: &TaskRef) -> Result<Option<TaskView>, StoreError>;
    async fn list(
        &self,
        viewer: Viewer,
        filter: &TaskFilter,
        page: &PageRequest<TaskSort>,
    ) -> Result<Page<TaskView>, StoreError>;
}
