use crate::UserId;
use crate::projects::Status;

/// What happened to a task. `assignees` and `reporter` are those after the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskFact {
    Created {
        assignees: Vec<UserId>,
        reporter: UserId,
    },
    Updated {
        assignees: Vec<UserId>,
        reporter: UserId,
    },
    /// People were added to or taken off the assignees.
    Assigned {
        added: Vec<UserId>,
        removed: Vec<UserId>,
        reporter: UserId,
    },
    /// The status changed, other than by completing the task.
    StatusChanged {
        from: Status,
        to: Status,
        assignees: Vec<UserId>,
        reporter: UserId,
    },
    /// The status changed to one of the category `completed`.
    Completed {
        from: Status,
        to: Status,
        assignees: Vec<UserId>,
        reporter: UserId,
    },
    Deleted {
        assignees: Vec<UserId>,
        reporter: UserId,
    },
    Restored {
        assignees: Vec<UserId>,
        reporter: UserId,
    },
}

impl TaskFact {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Created { .. } => "task.created",
            Self::Updated { .. } => "task.updated",
            Self::Assigned { .. } => "task.assigned",
            Self::StatusChanged { .. } => "task.status_changed",
            Self::Completed { .. } => "task.completed",
            Self::Deleted { .. } => "task.deleted",
            Self::Restored { .. } => "task.restored",
        }
    }
}
