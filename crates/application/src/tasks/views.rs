use chrono::NaiveDate;
use tenon_domain::projects::StatusCategory;
use tenon_domain::tasks::{Estimate, TaskDescription, TaskPriority, TaskState, TaskType};
use tenon_domain::{ProjectId, TaskId, Timestamp, UserId, Version};

/// A task as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskView {
    pub id: TaskId,
    pub key: String,
    pub number: i64,
    pub project_id: ProjectId,
    pub task_type: TaskType,
    pub title: String,
    pub description: Option<String>,
    pub status: String,
    pub status_category: StatusCategory,
    pub priority: TaskPriority,
    pub reporter_id: UserId,
    pub assignee_ids: Vec<UserId>,
    pub labels: Vec<String>,
    pub parent_id: Option<TaskId>,
    pub start_date: Option<NaiveDate>,
    pub due_date: Option<NaiveDate>,
    pub estimate: Option<i32>,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub completed_at: Option<Timestamp>,
}

impl From<TaskState> for TaskView {
    fn from(state: TaskState) -> Self {
        Self {
            id: state.id,
            key: state.key.to_string(),
            number: state.number,
            project_id: state.project_id,
            task_type: state.task_type,
            title: state.title.into_string(),
            description: state.description.as_ref().map(TaskDescription::as_str).map(str::to_owned),
            status: state.status.key.to_string(),
            status_category: state.status.category,
            priority: state.priority,
            reporter_id: state.reporter_id,
            assignee_ids: state.assignees.as_slice().to_vec(),
            labels: state.labels.to_strings(),
            parent_id: state.parent_id,
            start_date: state.start_date,
            due_date: state.due_date,
            estimate: state.estimate.map(Estimate::points),
            version: state.version,
            created_at: state.created_at,
            updated_at: state.updated_at,
            completed_at: state.completed_at,
        }
    }
}
