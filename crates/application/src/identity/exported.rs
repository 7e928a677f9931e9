//! What an export tells of what belongs to an organization.

use tenon_domain::{ProjectId, TaskId, TeamId, Timestamp};

use crate::organizations::TeamView;
use crate::tasks::TaskView;

/// A team that a user is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedTeam {
    pub id: TeamId,
    pub name: String,
}

impl From<TeamView> for ExportedTeam {
    fn from(team: TeamView) -> Self {
        Self { id: team.id, name: team.name }
    }
}

/// What connects a user to a task. What it is about belongs to the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedTask {
    pub id: TaskId,
    pub key: String,
    pub project_id: ProjectId,
    pub title: String,
    pub status: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub completed_at: Option<Timestamp>,
}

impl From<TaskView> for ExportedTask {
    fn from(task: TaskView) -> Self {
        Self {
            id: task.id,
            key: task.key,
            project_id: task.project_id,
            title: task.title,
            status: task.status,
            created_at: task.created_at,
            updated_at: task.updated_at,
            completed_at: task.completed_at,
        }
    }
}
