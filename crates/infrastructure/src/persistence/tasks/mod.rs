//! Tasks in SQL.

mod few;
mod filter;
mod order;
mod queries;
mod reach;
mod repository;
mod runs;

use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition};
use tenon_application::StoreError;
use tenon_application::tasks::{TaskRef, TaskView};
use tenon_domain::projects::StatusCategory;
use tenon_domain::tasks::{TaskKey, TaskPriority, TaskType};
use tenon_domain::{ProjectId, UserId};
use uuid::Uuid;

use super::entities::task;
use super::rows::{from_json, named};

/// The row a reference names.
pub(super) fn named_by(task: &TaskRef) -> Condition {
    match task {
        TaskRef::Id(id) => Condition::all().add(task::Column::Id.eq(id.uuid())),
        TaskRef::Key(key) => Condition::all()
            .add(task::Column::ProjectKey.eq(key.project().as_str()))
            .add(task::Column::Number.eq(key.number())),
    }
}

/// The ids of the tasks of these projects.
pub(super) fn tasks_of(org: Uuid, projects: &[ProjectId]) -> SelectStatement {
    Query::select()
        .column(task::Column::Id)
        .from(task::Entity)
        .and_where(task::Column::OrgId.eq(org))
        .and_where(task::Column::ProjectId.is_in(projects.iter().map(|project| project.uuid())))
        .to_owned()
}

/// Priorities are stored by their rank, so that they sort.
pub(super) fn priority_of(rank: i16) -> Result<TaskPriority, StoreError> {
    TaskPriority::from_rank(rank).ok_or_else(|| StoreError::Broken(format!("unknown priority in a row: {rank}")))
}

pub(super) fn task_key(row: &task::Model) -> TaskKey {
    TaskKey::new(tenon_domain::projects::ProjectKey::restore(row.project_key.clone()), row.number)
}

pub(super) fn assignees_of(row: &task::Model) -> Result<Vec<UserId>, StoreError> {
    Ok(from_json::<Vec<Uuid>>(&row.assignee_ids)?.into_iter().map(UserId::new).collect())
}

pub(super) fn view(row: task::Model) -> Result<TaskView, StoreError> {
    Ok(TaskView {
        key: task_key(&row).to_string(),
        assignee_ids: assignees_of(&row)?,
        labels: from_json(&row.labels)?,
        id: row.id.into(),
        number: row.number,
        project_id: row.project_id.into(),
        task_type: named("task type", &row.task_type, TaskType::parse)?,
        title: row.title,
        description: row.description,
        status: row.status,
        status_category: named("status category", &row.status_category, StatusCategory::parse)?,
        priority: priority_of(row.priority)?,
        reporter_id: row.reporter_id.into(),
        parent_id: row.parent_id.map(Into::into),
        start_date: row.start_date,
        due_date: row.due_date,
        estimate: row.estimate,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        completed_at: row.completed_at,
    })
}
