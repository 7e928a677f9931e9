use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, Select};
use tenon_application::tasks::{TaskFilter, TaskQueries, TaskRef, TaskSort, TaskView};
use tenon_application::{Page, PageRequest, Position, PositionValue, SortBy, StoreError, Viewer};
use tenon_domain::UserId;
use tenon_domain::tasks::TaskKey;
use uuid::Uuid;

use super::super::entities::{task, task_assignee, task_label};
use super::super::error::Stored;
use super::super::keyset::{Criterion, page};
use super::super::queries::SqlQueries;
use super::super::rows::contains_pattern;
use super::super::visibility::visible_projects;
use super::{named_by, view};

#[async_trait]
impl TaskQueries for SqlQueries {
    async fn find(&self, viewer: Viewer, task: &TaskRef) -> Result<Option<TaskView>, StoreError> {
        let row = visible_tasks(viewer).filter(named_by(task)).one(self.database.replica()).await.stored()?;
        row.map(view).transpose()
    }

    async fn list(
        &self,
        viewer: Viewer,
        filter: &TaskFilter,
        request: &PageRequest<TaskSort>,
    ) -> Result<Page<TaskView>, StoreError> {
        let connection = self.database.replica();
        let select = visible_tasks(viewer).filter(condition(viewer, filter));
        let total = if request.include_total { Some(select.clone().count(connection).await.stored()?) } else { None };
        let criteria = request.sort.iter().flat_map(criteria).collect();
        let id = Expr::col((task::Entity, task::Column::Id));
        let rows = page(select, criteria, id, true, request).all(connection).await.stored()?;
        let views = rows.into_iter().map(view).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(views, request.limit, total, |task| position(task, &request.sort)))
    }
}

fn visible_tasks(viewer: Viewer) -> Select<task::Entity> {
    task::Entity::find()
        .filter(task::Column::OrgId.eq(viewer.organization.uuid()))
        .filter(task::Column::DeletedAt.is_null())
        .filter(task::Column::ProjectId.in_subquery(visible_projects(viewer)))
}

fn condition(viewer: Viewer, filter: &TaskFilter) -> Condition {
    use task::Column;
    let org = viewer.organization.uuid();
    let uuids = |users: &[UserId]| -> Vec<Uuid> { users.iter().map(|user| user.uuid()).collect() };
    let mut all = Condition::all();
    if !filter.project_ids.is_empty() {
        all = all.add(Column::ProjectId.is_in(filter.project_ids.iter().map(|id| id.uuid())));
    }
    if !filter.statuses.is_empty() {
        all = all.add(Column::Status.is_in(filter.statuses.iter().map(String::as_str)));
    }
    if !filter.categories.is_empty() {
        all = all.add(Column::StatusCategory.is_in(filter.categories.iter().map(|category| category.as_str())));
    }
    if !filter.assignees.is_empty() {
        let assigned = Query::select()
            .column(task_assignee::Column::TaskId)
            .from(task_assignee::Entity)
            .and_where(task_assignee::Column::OrgId.eq(org))
            .and_where(task_assignee::Column::UserId.is_in(uuids(&filter.assignees)))
            .to_owned();
        all = all.add(Column::Id.in_subquery(assigned));
    }
    if !filter.reporters.is_empty() {
        all = all.add(Column::ReporterId.is_in(uuids(&filter.reporters)));
    }
    if !filter.priorities.is_empty() {
        all = all.add(Column::Priority.is_in(filter.priorities.iter().map(|priority| priority.rank())));
    }
    if !filter.labels.is_empty() {
        let labeled = Query::select()
            .column(task_label::Column::TaskId)
            .from(task_label::Entity)
            .and_where(task_label::Column::OrgId.eq(org))
            .and_where(task_label::Column::Label.is_in(filter.labels.iter().map(String::as_str)))
            .to_owned();
        all = all.add(Column::Id.in_subquery(labeled));
    }
    if !filter.types.is_empty() {
        all = all.add(Column::TaskType.is_in(filter.types.iter().map(|task_type| task_type.as_str())));
    }
    if let Some(day) = filter.due_before {
        all = all.add(Column::DueDate.lt(day));
    }
    if let Some(day) = filter.due_after {
        all = all.add(Column::DueDate.gt(day));
    }
    if let Some(moment) = filter.updated_after {
        all = all.add(Column::UpdatedAt.gt(moment));
    }
    match &filter.text {
        Some(text) => all.add(text_condition(text)),
        None => all,
    }
}

/// Text in the title or the description, or exactly a key.
fn text_condition(text: &str) -> Condition {
    let pattern = LikeExpr::new(contains_pattern(text)).escape('!');
    let lower = |column: task::Column| Expr::expr(Func::lower(Expr::col((task::Entity, column))));
    let mut any = Condition::any()
        .add(lower(task::Column::Title).like(pattern.clone()))
        .add(lower(task::Column::Description).like(pattern));
    if let Some(key) = TaskKey::parse(&text.trim().to_uppercase()) {
        any = any.add(named_by(&TaskRef::Key(key)));
    }
    any
}

fn criteria(sort: &SortBy<TaskSort>) -> Vec<Criterion> {
    let column = |column: task::Column| Expr::col((task::Entity, column));
    let descending = sort.descending;
    let one = |expression| vec![Criterion::new(expression, descending)];
    match sort.field {
        TaskSort::CreatedAt => one(column(task::Column::CreatedAt)),
        TaskSort::UpdatedAt => one(column(task::Column::UpdatedAt)),
        TaskSort::Title => one(column(task::Column::Title)),
        TaskSort::Priority => one(column(task::Column::Priority)),
        TaskSort::Key => vec![
            Criterion::new(column(task::Column::ProjectKey), descending),
            Criterion::new(column(task::Column::Number), descending),
        ],
        TaskSort::StartDate => vec![Criterion::optional_date(column(task::Column::StartDate), descending)],
        TaskSort::DueDate => vec![Criterion::optional_date(column(task::Column::DueDate), descending)],
    }
}

fn position(task: &TaskView, sort: &[SortBy<TaskSort>]) -> Position {
    let date = |date: Option<chrono::NaiveDate>| date.map_or(PositionValue::Nothing, PositionValue::Date);
    let values = sort
        .iter()
        .flat_map(|sort| match sort.field {
            TaskSort::CreatedAt => vec![PositionValue::Moment(task.created_at)],
            TaskSort::UpdatedAt => vec![PositionValue::Moment(task.updated_at)],
            TaskSort::Title => vec![PositionValue::Text(task.title.clone())],
            TaskSort::Priority => vec![PositionValue::Number(task.priority.rank().into())],
            TaskSort::Key => {
                let project = task.key.rsplit_once('-').map_or(task.key.as_str(), |(project, _)| project);
                vec![PositionValue::Text(project.to_owned()), PositionValue::Number(task.number)]
            }
            TaskSort::StartDate => vec![date(task.start_date)],
            TaskSort::DueDate => vec![date(task.due_date)],
        })
        .collect();
    Position { values, id: task.id.uuid() }
}
