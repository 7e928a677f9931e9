//! What can be measured, and what is wanted of it.

use clap::ValueEnum;
use serde::Serialize;

use crate::deployment::Deployment;

/// Something to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// Read one of 1,000 tasks, again and again
    GetTask,
    /// The same with the entity tag the client holds
    GetTaskNotModified,
    /// Read each task in turn, with the cache switched off
    GetTaskCold,
    /// The first 50 tasks of a project
    ListTasks,
    /// Tasks of a project by assignee, priority and label
    ListFiltered,
    /// Create tasks in one project
    CreateTask,
    /// Create tasks in ten projects
    CreateTaskSpread,
    /// Change titles
    UpdateTask,
    /// Move tasks through the workflow
    Transition,
    /// Sign in
    Login,
    /// 80% reads, 20% writes
    Mixed,
    /// From a commit to the notification of it, at a constant rate
    EventLatency,
    /// Reads while 200 people sign in again and again
    LoginFlood,
    /// One organization's reads while another one lists as fast as it can
    Fairness,
    /// How fast a backlog of events is worked off
    WorkerThroughput,
    /// Resident memory, idle and under the mixed load
    Memory,
    /// Twice as many requests as the server can answer
    Overload,
    /// Whether answers to what exists take as long as those to what does not
    Timing,
}

/// A program to compare with; see `src/bin/reference`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reference {
    /// (a) JSON of the same size, without a database.
    Bare,
    /// (b) A row by its primary key, serialized.
    Row,
    /// (b) for the first 50 rows of a project.
    Rows,
    /// (c) Counter, row and outbox row in one transaction.
    Insert,
}

impl Scenario {
    pub(crate) fn all() -> Vec<Self> {
        Self::value_variants().to_vec()
    }

    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    pub(crate) fn reference(self) -> Option<Reference> {
        match self {
            Self::GetTask | Self::GetTaskNotModified => Some(Reference::Bare),
            Self::GetTaskCold => Some(Reference::Row),
            Self::ListTasks => Some(Reference::Rows),
            Self::CreateTask | Self::CreateTaskSpread => Some(Reference::Insert),
            _ => None,
        }
    }

    /// The least share of the reference's throughput that is wanted.
    pub(crate) fn target(self, deployment: Deployment) -> Option<f64> {
        match self {
            Self::GetTask | Self::CreateTask | Self::CreateTaskSpread => Some(0.7),
            Self::GetTaskNotModified | Self::ListTasks => Some(0.8),
            Self::GetTaskCold if deployment == Deployment::Sqlite => Some(0.8),
            Self::GetTaskCold => Some(0.6),
            _ => None,
        }
    }

    /// Whether events come of it, which the worker deals with afterwards.
    pub(crate) fn writes(self) -> bool {
        matches!(
            self,
            Self::CreateTask | Self::CreateTaskSpread | Self::UpdateTask | Self::Transition | Self::Login | Self::Mixed
        )
    }
}
