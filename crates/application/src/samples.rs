//! What the tests of several crates begin with. Other crates ask for it by the feature `test-support`.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use chrono::DateTime;
use tenon_domain::ProjectId;
use tenon_domain::tasks::{Assignees, Labels, TaskPriority, TaskTitle, TaskType};
use uuid::Uuid;

use crate::events::{ActorRecord, EventData, EventRecord, OriginRecord, SubjectRecord};
use crate::tasks::CreateTask;

/// Creates a task that has a title and nothing else.
pub fn new_task(project: ProjectId, title: &str) -> CreateTask {
    CreateTask {
        project_id: project,
        title: TaskTitle::parse(title).unwrap(),
        description: None,
        task_type: TaskType::Task,
        priority: TaskPriority::None,
        assignees: Assignees::default(),
        labels: Labels::default(),
        start_date: None,
        due_date: None,
        parent_id: None,
        estimate: None,
    }
}

/// Ada registered, outside any organization.
pub fn event() -> EventRecord {
    EventRecord {
        id: Uuid::from_u128(7),
        name: "user.registered".to_owned(),
        version: 1,
        organization_id: None,
        project_id: None,
        actor: ActorRecord { kind: "system".to_owned(), id: None, token: None },
        subject: SubjectRecord { kind: "user".to_owned(), id: Uuid::from_u128(8), name: "Ada".to_owned() },
        data: EventData::Plain,
        changes: Vec::new(),
        origin: OriginRecord::default(),
        occurred_at: DateTime::UNIX_EPOCH,
    }
}
