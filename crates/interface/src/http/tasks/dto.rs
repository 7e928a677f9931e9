//! Tasks in JSON.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use tenon_application::AppError;
use tenon_application::documents::Rendering;
use tenon_application::tasks::{CreateTask, TaskFields, TaskRef, TaskView};
use tenon_domain::UserId;
use tenon_domain::projects::StatusKey;
use tenon_domain::tasks::{
    Assignees, Estimate, Labels, TaskDescription, TaskError, TaskKey, TaskPriority, TaskTitle, TaskType,
};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;
use validator::Validate;

use crate::http::conditional::versioned;
use crate::http::merge_patch::{Patch, not_null};
use crate::http::path::{PathRef, id_or_key_schema};
use crate::http::projects::StatusCategoryName;
use crate::http::query::parse_uuid;
use crate::http::validation::checks;
use crate::http::wire::{Moment, wire_enum};

wire_enum! {
    /// What kind of work a task is. A `subtask` needs a parent.
    TaskTypeName, "TaskType", TaskType
}

wire_enum! {
    /// How urgent a task is, compared with others.
    TaskPriorityName, "TaskPriority", TaskPriority
}

checks! {
    title: str => TaskTitle::parse;
    description: str => TaskDescription::parse;
    labels: [String] => |labels: &[String]| if labels.len() > Labels::MAX {
        Err(TaskError::TooManyLabels)
    } else {
        Labels::parse(labels).map(drop)
    };
    assignees: [Uuid] => |users: &[Uuid]| if users.len() > Assignees::MAX {
        Err(TaskError::TooManyAssignees)
    } else {
        Assignees::parse(users.iter().copied().map(UserId::new)).map(drop)
    };
    estimate: i64 => |points: &i64| Estimate::parse(*points);
    status: str => |status: &str| StatusKey::parse(status).ok_or(TaskError::UnknownStatus);
}

/// What a new task is made of.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "project_id": "0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66", "title": "Fix the door", "type": "bug", "priority": "high",
    "labels": ["entrance"], "due_date": "2026-12-01", "estimate": 3,
}))]
pub(crate) struct CreateTaskBody {
    project_id: Uuid,
    #[validate(custom(function = "check::title"))]
    #[schema(min_length = 1, max_length = 200, pattern = "line")]
    title: String,
    #[validate(custom(function = "check::description"))]
    #[schema(max_length = 50000, pattern = "multiline")]
    description: Option<String>,
    /// `task` if absent.
    #[serde(rename = "type")]
    task_type: Option<TaskTypeName>,
    /// `none` if absent.
    priority: Option<TaskPriorityName>,
    /// People who can see the project.
    #[serde(default)]
    #[validate(custom(function = "check::assignees"))]
    #[schema(max_items = 50)]
    assignee_ids: Vec<Uuid>,
    #[serde(default)]
    #[validate(custom(function = "check::labels"))]
    #[schema(max_items = 50, value_type = Vec<LabelText>)]
    labels: Vec<String>,
    #[schema(pattern = "date")]
    start_date: Option<NaiveDate>,
    /// Not before the start.
    #[schema(pattern = "date")]
    due_date: Option<NaiveDate>,
    /// A task of the same project. A subtask needs one.
    parent_id: Option<Uuid>,
    /// In points.
    #[validate(custom(function = "check::estimate"))]
    #[schema(minimum = 0, maximum = 10000)]
    estimate: Option<i64>,
}

/// A free tag on a task.
#[derive(ToSchema)]
#[schema(as = Label, value_type = String, min_length = 1, max_length = 50, pattern = "line", example = "entrance")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct LabelText(String);

impl CreateTaskBody {
    pub(super) fn into_command(self) -> Result<CreateTask, AppError> {
        Ok(CreateTask {
            project_id: self.project_id.into(),
            title: TaskTitle::parse(&self.title)?,
            description: self.description.as_deref().map_or(Ok(None), TaskDescription::parse)?,
            task_type: self.task_type.map_or(TaskType::Task, |name| name.0),
            priority: self.priority.map_or(TaskPriority::None, |name| name.0),
            assignees: Assignees::parse(self.assignee_ids.into_iter().map(UserId::new))?,
            labels: Labels::parse(self.labels)?,
            start_date: self.start_date,
            due_date: self.due_date,
            parent_id: self.parent_id.map(Into::into),
            estimate: self.estimate.map(Estimate::parse).transpose()?,
        })
    }
}

/// What is to change in a task.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({ "title": "Mend the door", "due_date": null, "labels": ["entrance", "wood"] }))]
pub(crate) struct UpdateTaskBody {
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::title"))]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 200, pattern = "line")]
    title: Option<String>,
    #[validate(custom(function = "check::description"))]
    #[schema(value_type = Option<String>, max_length = 50000, pattern = "multiline")]
    description: Patch<String>,
    /// Not `subtask` without a `parent_id`.
    #[serde(rename = "type", deserialize_with = "not_null")]
    #[schema(value_type = TaskTypeName, required = false)]
    task_type: Option<TaskTypeName>,
    #[serde(deserialize_with = "not_null")]
    #[schema(value_type = TaskPriorityName, required = false)]
    priority: Option<TaskPriorityName>,
    /// People who can see the project: all that there are to be.
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::assignees"))]
    #[schema(value_type = Vec<Uuid>, required = false, max_items = 50)]
    assignee_ids: Option<Vec<Uuid>>,
    /// All that there are to be.
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::labels"))]
    #[schema(value_type = Vec<LabelText>, required = false, max_items = 50)]
    labels: Option<Vec<String>>,
    /// A task of the same project. A subtask needs one.
    #[schema(value_type = Option<Uuid>)]
    parent_id: Patch<Uuid>,
    #[schema(value_type = Option<NaiveDate>, pattern = "date")]
    start_date: Patch<NaiveDate>,
    /// Not before the start.
    #[schema(value_type = Option<NaiveDate>, pattern = "date")]
    due_date: Patch<NaiveDate>,
    /// In points.
    #[validate(custom(function = "check::estimate"))]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 10000)]
    estimate: Patch<i64>,
}

impl UpdateTaskBody {
    pub(super) fn into_fields(self) -> Result<TaskFields, AppError> {
        let assignees = self.assignee_ids.map(|ids| Assignees::parse(ids.into_iter().map(UserId::new)));
        Ok(TaskFields {
            title: self.title.as_deref().map(TaskTitle::parse).transpose()?,
            description: self.description.parse(|text| TaskDescription::parse(&text))?.map(Option::flatten),
            task_type: self.task_type.map(|name| name.0),
            priority: self.priority.map(|name| name.0),
            assignees: assignees.transpose()?,
            labels: self.labels.map(Labels::parse).transpose()?,
            parent_id: self.parent_id.into_change().map(|parent| parent.map(Into::into)),
            start_date: self.start_date.into_change(),
            due_date: self.due_date.into_change(),
            estimate: self.estimate.parse(Estimate::parse)?,
        })
    }
}

/// Where a task is to go.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransitionTaskBody {
    /// The key of a status of the project's workflow.
    #[validate(custom(function = "check::status"))]
    #[schema(min_length = 1, max_length = 40, pattern = "^[a-z0-9_]+$", example = "in_progress")]
    pub(super) status: String,
}

/// A task.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0199f8a2-7d2f-7e4b-8c65-3a1d9f2e8b77", "key": "ENG-12", "number": 12,
    "project_id": "0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66", "type": "bug", "title": "Fix the door", "description": null,
    "status": "todo", "status_category": "unstarted", "priority": "high",
    "reporter_id": "0199f8a2-8e30-7f5c-9d76-4b2ea03f9c88", "assignee_ids": [], "labels": ["entrance"],
    "parent_id": null, "start_date": null, "due_date": "2026-12-01", "estimate": 3, "version": 1,
    "created_at": "2026-11-21T09:30:00.123Z", "updated_at": "2026-11-21T09:30:00.123Z", "completed_at": null,
}))]
pub(crate) struct TaskResponse {
    id: Uuid,
    /// What people call it.
    key: String,
    /// Unique in its project.
    number: i64,
    project_id: Uuid,
    #[serde(rename = "type")]
    task_type: TaskTypeName,
    title: String,
    #[schema(required = true)]
    description: Option<String>,
    /// The key of a status of the project's workflow.
    status: String,
    status_category: StatusCategoryName,
    priority: TaskPriorityName,
    reporter_id: Uuid,
    assignee_ids: Vec<Uuid>,
    labels: Vec<String>,
    #[schema(required = true)]
    parent_id: Option<Uuid>,
    #[schema(required = true)]
    start_date: Option<NaiveDate>,
    #[schema(required = true)]
    due_date: Option<NaiveDate>,
    #[schema(required = true)]
    estimate: Option<i32>,
    version: i64,
    created_at: Moment,
    updated_at: Moment,
    #[schema(required = true)]
    completed_at: Option<Moment>,
}

impl From<TaskView> for TaskResponse {
    fn from(task: TaskView) -> Self {
        Self {
            id: task.id.into(),
            key: task.key,
            number: task.number,
            project_id: task.project_id.into(),
            task_type: task.task_type.into(),
            title: task.title,
            description: task.description,
            status: task.status,
            status_category: task.status_category.into(),
            priority: task.priority.into(),
            reporter_id: task.reporter_id.into(),
            assignee_ids: task.assignee_ids.into_iter().map(Into::into).collect(),
            labels: task.labels,
            parent_id: task.parent_id.map(Into::into),
            start_date: task.start_date,
            due_date: task.due_date,
            estimate: task.estimate,
            version: task.version,
            created_at: task.created_at.into(),
            updated_at: task.updated_at.into(),
            completed_at: task.completed_at.map(Into::into),
        }
    }
}

/// Tasks as [`TaskResponse`], which caches keep: a change of its fields takes the next number.
pub(super) const RENDERING: Rendering<TaskView> = Rendering {
    shape: 1,
    render: |task| {
        serde_json::to_string(&TaskResponse::from(task))
            .map_err(|error| AppError::Internal(format!("a task cannot be written as JSON: {error}")))
    },
};

versioned!(TaskResponse);

impl PathRef for TaskRef {
    const SEGMENT: &'static str = "task";
    const RESOURCE: &'static str = "task";
    const DESCRIPTION: &'static str = "The id or the key of the task.";

    fn parse(raw: &str) -> Option<Self> {
        parse_uuid(raw).map(|id| Self::Id(id.into())).or_else(|| TaskKey::parse(raw).map(Self::Key))
    }

    fn schema() -> Object {
        id_or_key_schema("ENG-12")
    }
}

/// The id in a reference that is one.
pub(super) fn id_of(task: &TaskRef) -> Option<Uuid> {
    match task {
        TaskRef::Id(id) => Some(id.uuid()),
        TaskRef::Key(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use tenon_domain::tasks::Label;

    use super::*;

    fn failures(json: &str) -> Vec<String> {
        let body: CreateTaskBody = serde_json::from_str(json).unwrap();
        let errors = crate::http::validation::field_errors(body.validate().unwrap_err());
        let mut codes: Vec<_> = errors.iter().map(|error| format!("{} {}", error.pointer, error.code)).collect();
        codes.sort();
        codes
    }

    #[test]
    fn all_failures_are_reported_at_once_with_the_codes_of_the_domain() {
        let id = Uuid::nil();
        let body = format!(r#"{{"project_id":"{id}","title":" ","labels":[""],"estimate":-1,"description":"\u0000"}}"#);
        assert_eq!(
            failures(&body),
            [
                "/description task.description_characters",
                "/estimate task.estimate_range",
                "/labels task.label_length",
                "/title task.title_length",
            ]
        );
    }

    #[test]
    fn the_documented_bounds_are_those_of_the_domain() {
        let document: serde_json::Value = serde_json::from_str(&crate::http::openapi_json()).unwrap();
        let fields = &document["components"]["schemas"]["CreateTaskBody"]["properties"];
        assert_eq!(fields["title"]["maxLength"], TaskTitle::MAX_CHARS);
        assert_eq!(fields["description"]["maxLength"], TaskDescription::MAX_CHARS);
        assert_eq!(fields["labels"]["maxItems"], Labels::MAX);
        assert_eq!(fields["assignee_ids"]["maxItems"], Assignees::MAX);
        assert_eq!(fields["estimate"]["maximum"], Estimate::MAX);
        assert_eq!(document["components"]["schemas"]["Label"]["maxLength"], Label::MAX_CHARS);
        let status = &document["components"]["schemas"]["TransitionTaskBody"]["properties"]["status"];
        assert_eq!(status["maxLength"], StatusKey::MAX_CHARS);
    }

    #[test]
    fn a_task_is_named_by_id_or_key() {
        assert!(matches!(TaskRef::parse("ENG-12"), Some(TaskRef::Key(_))));
        assert!(matches!(TaskRef::parse("0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66"), Some(TaskRef::Id(_))));
        for bad in ["", "ENG", "ENG-", "ENG-0", "ENG--1", "eng-1", "ENG-99999999999999999999", "\0"] {
            assert!(TaskRef::parse(bad).is_none(), "{bad:?}");
        }
    }
}
