use std::fmt;

use crate::text::named_enum;

named_enum! {
    /// What a status means to rules and reports.
    StatusCategory {
        Triage => "triage",
        Backlog => "backlog",
        Unstarted => "unstarted",
        Started => "started",
        Completed => "completed",
        Canceled => "canceled",
    }
}

impl StatusCategory {
    pub const fn is_completed(self) -> bool {
        matches!(self, Self::Completed)
    }
}

/// The stable name of a status in its workflow (`in_progress`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StatusKey(String);

impl StatusKey {
    pub const MAX_CHARS: usize = 40;

    pub fn parse(raw: &str) -> Option<Self> {
        let well_formed = (1..=Self::MAX_CHARS).contains(&raw.len())
            && raw.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        well_formed.then(|| Self(raw.to_owned()))
    }

    pub fn restore(stored: String) -> Self {
        Self(stored)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StatusKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A status as a task carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub key: StatusKey,
    pub category: StatusCategory,
}

/// A status as a workflow lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowStatus {
    pub status: Status,
    pub name: String,
}

/// The statuses of a project, in order. New tasks begin in the first one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workflow {
    statuses: Vec<WorkflowStatus>,
}

impl Workflow {
    /// The workflow that every project begins with.
    pub fn standard() -> Self {
        let status = |key: &str, category, name: &str| WorkflowStatus {
            status: Status { key: StatusKey(key.to_owned()), category },
            name: name.to_owned(),
        };
        Self {
            statuses: vec![
                status("backlog", StatusCategory::Backlog, "Backlog"),
                status("todo", StatusCategory::Unstarted, "To do"),
                status("in_progress", StatusCategory::Started, "In progress"),
                status("in_review", StatusCategory::Started, "In review"),
                status("done", StatusCategory::Completed, "Done"),
                status("canceled", StatusCategory::Canceled, "Canceled"),
            ],
        }
    }

    pub fn restore(statuses: Vec<WorkflowStatus>) -> Self {
        Self { statuses }
    }

    pub fn statuses(&self) -> &[WorkflowStatus] {
        &self.statuses
    }

    /// The status in which new tasks begin.
    pub fn initial(&self) -> Option<&Status> {
        self.statuses.first().map(|entry| &entry.status)
    }

    pub fn find(&self, key: &str) -> Option<&Status> {
        self.statuses.iter().map(|entry| &entry.status).find(|status| status.key.as_str() == key)
    }
}
