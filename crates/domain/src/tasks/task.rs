use chrono::{Datelike, NaiveDate};

use super::{
    Assignees, Estimate, Labels, TaskDescription, TaskError, TaskFact, TaskKey, TaskPriority, TaskTitle, TaskType,
};
use crate::projects::Status;
use crate::{
    DomainEvent, Fact, FieldChange, FieldValue, ProjectId, ResourceKind, Subject, TaskId, Timestamp, UserId, Version,
};

const MAX_NESTING: usize = 10;

/// The plain data of a task: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskState {
    pub id: TaskId,
    pub project_id: ProjectId,
    pub key: TaskKey,
    pub number: i64,
    pub task_type: TaskType,
    pub title: TaskTitle,
    pub description: Option<TaskDescription>,
    pub status: Status,
    pub priority: TaskPriority,
    pub reporter_id: UserId,
    pub assignees: Assignees,
    pub labels: Labels,
    pub parent_id: Option<TaskId>,
    pub start_date: Option<NaiveDate>,
    pub due_date: Option<NaiveDate>,
    pub estimate: Option<Estimate>,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub completed_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
}

/// All that a new task is made of.
#[derive(Clone, Debug)]
pub struct NewTask {
    pub id: TaskId,
    pub project_id: ProjectId,
    pub key: TaskKey,
    pub number: i64,
    pub task_type: TaskType,
    pub title: TaskTitle,
    pub description: Option<TaskDescription>,
    pub status: Status,
    pub priority: TaskPriority,
    pub assignees: Assignees,
    pub labels: Labels,
    pub parent: Option<Parent>,
    pub start_date: Option<NaiveDate>,
    pub due_date: Option<NaiveDate>,
    pub estimate: Option<Estimate>,
}

/// A task that another one is to be part of, with what it is itself part of, nearest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    pub id: TaskId,
    pub project_id: ProjectId,
    pub ancestors: Vec<TaskId>,
}

/// Changes to the fields of a task: `None` leaves a field as it is, `Some(None)` clears it.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    pub title: Option<TaskTitle>,
    pub description: Option<Option<TaskDescription>>,
    pub task_type: Option<TaskType>,
    pub priority: Option<TaskPriority>,
    pub assignees: Option<Assignees>,
    pub labels: Option<Labels>,
    pub parent: Option<Option<Parent>>,
    pub start_date: Option<Option<NaiveDate>>,
    pub due_date: Option<Option<NaiveDate>>,
    pub estimate: Option<Option<Estimate>>,
}

/// A task and the events its methods recorded.
#[derive(Clone, Debug)]
pub struct Task {
    state: TaskState,
    events: Vec<DomainEvent>,
}

impl Task {
    pub fn create(new: NewTask, reporter: UserId, now: Timestamp) -> Result<Self, TaskError> {
        if let Some(parent) = &new.parent {
            check_parent(new.id, new.project_id, parent)?;
        }
        let state = TaskState {
            id: new.id,
            project_id: new.project_id,
            key: new.key,
            number: new.number,
            task_type: new.task_type,
            title: new.title,
            description: new.description,
            completed_at: new.status.category.is_completed().then_some(now),
            status: new.status,
            priority: new.priority,
            reporter_id: reporter,
            assignees: new.assignees,
            labels: new.labels,
            parent_id: new.parent.map(|parent| parent.id),
            start_date: new.start_date,
            due_date: new.due_date,
            estimate: new.estimate,
            version: 0,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        };
        check_consistency(&state)?;
        let mut task = Self { state, events: Vec::new() };
        let fact = TaskFact::Created { assignees: task.assignees(), reporter };
        task.record(fact, Vec::new());
        Ok(task)
    }

    pub fn restore(state: TaskState) -> Self {
        Self { state, events: Vec::new() }
    }

    pub fn state(&self) -> &TaskState {
        &self.state
    }

    /// The state and the events, for the store that writes both.
    pub fn into_parts(self) -> (TaskState, Vec<DomainEvent>) {
        (self.state, self.events)
    }

    /// Changes fields. Nothing is recorded when nothing changes.
    pub fn edit(&mut self, edit: Edit, now: Timestamp) -> Result<(), TaskError> {
        if let Some(Some(parent)) = &edit.parent {
            check_parent(self.state.id, self.state.project_id, parent)?;
        }
        let before = self.state.clone();
        let mut after = before.clone();
        replace(&mut after.title, edit.title);
        replace(&mut after.description, edit.description);
        replace(&mut after.task_type, edit.task_type);
        replace(&mut after.priority, edit.priority);
        replace(&mut after.assignees, edit.assignees);
        replace(&mut after.labels, edit.labels);
        replace(&mut after.parent_id, edit.parent.map(|parent| parent.map(|parent| parent.id)));
        replace(&mut after.start_date, edit.start_date);
        replace(&mut after.due_date, edit.due_date);
        replace(&mut after.estimate, edit.estimate);
        check_consistency(&after)?;
        let changes = field_changes(&before, &after);
        let reassigned = !after.assignees.without(&before.assignees).is_empty()
            || !before.assignees.without(&after.assignees).is_empty();
        if changes.is_empty() && !reassigned {
            return Ok(());
        }
        self.state = after;
        self.state.updated_at = now;
        if !changes.is_empty() {
            let fact = TaskFact::Updated { assignees: self.assignees(), reporter: self.state.reporter_id };
            self.record(fact, changes);
        }
        self.record_assignment(&before.assignees);
        Ok(())
    }

    /// Moves the task to another status of its project's workflow.
    pub fn transition(&mut self, to: Status, now: Timestamp) -> Result<(), TaskError> {
        if self.state.status.key == to.key {
            return Err(TaskError::SameStatus);
        }
        let from = std::mem::replace(&mut self.state.status, to.clone());
        let was_completed = from.category.is_completed();
        let completes = to.category.is_completed() && !was_completed;
        if completes {
            self.state.completed_at = Some(now);
        } else if !to.category.is_completed() {
            self.state.completed_at = None;
        }
        self.state.updated_at = now;
        let changes = FieldChange::of("status", from.key.as_str(), to.key.as_str()).into_iter().collect();
        let (assignees, reporter) = (self.assignees(), self.state.reporter_id);
        let fact = if completes {
            TaskFact::Completed { from, to, assignees, reporter }
        } else {
            TaskFact::StatusChanged { from, to, assignees, reporter }
        };
        self.record(fact, changes);
        Ok(())
    }

    /// Moves the task to the trash.
    pub fn delete(&mut self, now: Timestamp) {
        self.state.deleted_at = Some(now);
        self.state.updated_at = now;
        let fact = TaskFact::Deleted { assignees: self.assignees(), reporter: self.state.reporter_id };
        self.record(fact, Vec::new());
    }

    /// Brings the task back from the trash.
    pub fn restore_from_trash(&mut self, now: Timestamp) -> Result<(), TaskError> {
        if self.state.deleted_at.take().is_none() {
            return Err(TaskError::NotInTrash);
        }
        self.state.updated_at = now;
        let fact = TaskFact::Restored { assignees: self.assignees(), reporter: self.state.reporter_id };
        self.record(fact, Vec::new());
        Ok(())
    }

    fn assignees(&self) -> Vec<UserId> {
        self.state.assignees.as_slice().to_vec()
    }

    fn record_assignment(&mut self, before: &Assignees) {
        let after = self.state.assignees.clone();
        let (added, removed) = (after.without(before), before.without(&after));
        if added.is_empty() && removed.is_empty() {
            return;
        }
        let changes = FieldChange::of("assignee_ids", before.to_strings(), after.to_strings()).into_iter().collect();
        self.record(TaskFact::Assigned { added, removed, reporter: self.state.reporter_id }, changes);
    }

    fn record(&mut self, fact: TaskFact, changes: Vec<FieldChange>) {
        self.events.push(DomainEvent {
            subject: Subject {
                kind: ResourceKind::Task,
                id: self.state.id.uuid(),
                name: format!("{} {}", self.state.key, self.state.title),
            },
            project: Some(self.state.project_id),
            fact: Fact::Task(fact),
            changes,
        });
    }
}

fn replace<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn check_parent(task: TaskId, project: ProjectId, parent: &Parent) -> Result<(), TaskError> {
    if parent.project_id != project {
        Err(TaskError::ParentNotFound)
    } else if parent.id == task || parent.ancestors.contains(&task) {
        Err(TaskError::ParentCycle)
    } else if parent.ancestors.len() + 2 > MAX_NESTING {
        Err(TaskError::NestingDepth)
    } else {
        Ok(())
    }
}

fn check_consistency(state: &TaskState) -> Result<(), TaskError> {
    let in_range = |date: &NaiveDate| (1970..=9999).contains(&date.year());
    if !state.start_date.iter().chain(&state.due_date).all(in_range) {
        return Err(TaskError::DateRange);
    }
    if let (Some(start), Some(due)) = (state.start_date, state.due_date)
        && due < start
    {
        return Err(TaskError::DueBeforeStart);
    }
    if state.task_type == TaskType::Subtask && state.parent_id.is_none() {
        return Err(TaskError::SubtaskWithoutParent);
    }
    Ok(())
}

/// Every changed field but the assignees, which have an event of their own.
fn field_changes(before: &TaskState, after: &TaskState) -> Vec<FieldChange> {
    let description = |state: &TaskState| -> FieldValue {
        state.description.as_ref().map(TaskDescription::as_str).map(str::to_owned).into()
    };
    let points = |state: &TaskState| -> FieldValue { state.estimate.map(|e| i64::from(e.points())).into() };
    let parent = |state: &TaskState| -> FieldValue { state.parent_id.map(|id| id.to_string()).into() };
    [
        FieldChange::of("title", before.title.as_str(), after.title.as_str()),
        FieldChange::of("description", description(before), description(after)),
        FieldChange::of("type", before.task_type.as_str(), after.task_type.as_str()),
        FieldChange::of("priority", before.priority.as_str(), after.priority.as_str()),
        FieldChange::of("labels", before.labels.to_strings(), after.labels.to_strings()),
        FieldChange::of("parent_id", parent(before), parent(after)),
        FieldChange::of("start_date", before.start_date, after.start_date),
        FieldChange::of("due_date", before.due_date, after.due_date),
        FieldChange::of("estimate", points(before), points(after)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
