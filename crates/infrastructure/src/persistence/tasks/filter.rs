//! The filters of a list of tasks in SQL.

use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, Query};
use sea_orm::{ColumnTrait, Condition, DbBackend};
use tenon_application::tasks::{TaskFilter, TaskRef, TaskSort};
use tenon_application::{SortBy, Viewer};
use tenon_domain::UserId;
use tenon_domain::tasks::TaskKey;
use uuid::Uuid;

use super::super::entities::{task, task_assignee, task_label};
use super::super::rows::contains_pattern;
use super::named_by;

/// What a task must be besides visible and of the right projects.
///
/// Written so that the database goes through the tasks in the order of the list and asks this of each: what few tasks
/// match is narrowed down before, see [`few`](super::few).
pub(super) fn condition(
    backend: DbBackend,
    viewer: Viewer,
    filter: &TaskFilter,
    first: Option<&SortBy<TaskSort>>,
) -> Condition {
    use task::Column;
    let org = viewer.organization.uuid();
    let asked = |field: Option<TaskSort>, column: Column| {
        let ordered_by = field.is_some() && first.map(|sort| sort.field) == field;
        let column = Expr::col((task::Entity, column));
        // SQLite would rather read all that matches and sort it than leave an index unused: `+` hides the column.
        if backend == DbBackend::Sqlite && !ordered_by { Expr::cust_with_expr("+?", column) } else { column }
    };
    let mut all = Condition::all();
    if !filter.statuses.is_empty() {
        all = all.add(asked(None, Column::Status).is_in(filter.statuses.iter().map(String::as_str)));
    }
    if !filter.categories.is_empty() {
        all = all.add(Column::StatusCategory.is_in(filter.categories.iter().map(|category| category.as_str())));
    }
    if !filter.assignees.is_empty() {
        let assigned = Query::select()
            .expr(Expr::val(1))
            .from(task_assignee::Entity)
            .and_where(Expr::col((task_assignee::Entity, task_assignee::Column::TaskId)).equals(TASK))
            .and_where(task_assignee::Column::OrgId.eq(org))
            .and_where(task_assignee::Column::UserId.is_in(uuids(&filter.assignees)))
            .to_owned();
        all = all.add(Expr::exists(assigned));
    }
    if !filter.reporters.is_empty() {
        all = all.add(Column::ReporterId.is_in(uuids(&filter.reporters)));
    }
    if !filter.priorities.is_empty() {
        let ranks = filter.priorities.iter().map(|priority| priority.rank());
        all = all.add(asked(Some(TaskSort::Priority), Column::Priority).is_in(ranks));
    }
    if !filter.labels.is_empty() {
        let labeled = Query::select()
            .expr(Expr::val(1))
            .from(task_label::Entity)
            .and_where(Expr::col((task_label::Entity, task_label::Column::TaskId)).equals(TASK))
            .and_where(task_label::Column::OrgId.eq(org))
            .and_where(task_label::Column::Label.is_in(filter.labels.iter().map(String::as_str)))
            .to_owned();
        all = all.add(Expr::exists(labeled));
    }
    if !filter.types.is_empty() {
        all = all.add(Column::TaskType.is_in(filter.types.iter().map(|task_type| task_type.as_str())));
    }
    if let Some(day) = filter.due_before {
        all = all.add(asked(Some(TaskSort::DueDate), Column::DueDate).lt(day));
    }
    if let Some(day) = filter.due_after {
        all = all.add(asked(Some(TaskSort::DueDate), Column::DueDate).gt(day));
    }
    if let Some(moment) = filter.updated_after {
        all = all.add(asked(Some(TaskSort::UpdatedAt), Column::UpdatedAt).gt(moment));
    }
    match &filter.text {
        Some(text) => all.add(text_condition(text)),
        None => all,
    }
}

const TASK: (task::Entity, task::Column) = (task::Entity, task::Column::Id);

pub(super) fn uuids(users: &[UserId]) -> Vec<Uuid> {
    users.iter().map(|user| user.uuid()).collect()
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
