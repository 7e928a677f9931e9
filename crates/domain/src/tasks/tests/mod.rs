//! The rules on tasks, with nothing but values.

mod creation;
mod edits;
mod properties;
mod transitions;
mod trash;

use chrono::{NaiveDate, TimeDelta, TimeZone, Utc};
use uuid::Uuid;

use super::*;
use crate::projects::{ProjectKey, Status, Workflow};
use crate::{DomainEvent, Fact, ProjectId, TaskId, Timestamp, UserId};

pub(super) fn project_id() -> ProjectId {
    ProjectId::new(Uuid::from_u128(0xA))
}

pub(super) fn task_id(n: u128) -> TaskId {
    TaskId::new(Uuid::from_u128(n))
}

pub(super) fn user(n: u128) -> UserId {
    UserId::new(Uuid::from_u128(n))
}

/// `minutes` after the story begins.
pub(super) fn at(minutes: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 21, 9, 30, 0).unwrap() + TimeDelta::minutes(minutes)
}

pub(super) fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

/// A status of the standard workflow.
pub(super) fn status(key: &str) -> Status {
    Workflow::standard().find(key).unwrap().clone()
}

pub(super) fn assignees(users: &[u128]) -> Assignees {
    Assignees::parse(users.iter().copied().map(user)).unwrap()
}

pub(super) fn parent(n: u128, ancestors: &[u128]) -> Parent {
    Parent { id: task_id(n), project_id: project_id(), ancestors: ancestors.iter().copied().map(task_id).collect() }
}

/// `ENG-12 Fix the door`, in the backlog, of nobody.
pub(super) fn new_task() -> NewTask {
    NewTask {
        id: task_id(1),
        project_id: project_id(),
        key: TaskKey::new(ProjectKey::parse("ENG").unwrap(), 12),
        number: 12,
        task_type: TaskType::Task,
        title: TaskTitle::parse("Fix the door").unwrap(),
        description: None,
        status: status("backlog"),
        priority: TaskPriority::None,
        assignees: Assignees::default(),
        labels: Labels::default(),
        parent: None,
        start_date: None,
        due_date: None,
        estimate: None,
    }
}

/// A stored task: nothing is recorded yet.
pub(super) fn stored(new: NewTask) -> Task {
    Task::restore(Task::create(new, user(1), at(0)).unwrap().state().clone())
}

pub(super) fn events(task: Task) -> Vec<DomainEvent> {
    task.into_parts().1
}

/// What happened, as long as it happened to a task.
pub(super) fn facts(task: Task) -> Vec<TaskFact> {
    events(task)
        .into_iter()
        .map(|event| match event.fact {
            Fact::Task(fact) => fact,
            other => panic!("a task recorded {other:?}"),
        })
        .collect()
}
