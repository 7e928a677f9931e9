//! The orders of a list of tasks in SQL.

use sea_orm::sea_query::{Expr, SimpleExpr};
use tenon_application::tasks::{TaskSort, TaskView};
use tenon_application::{Position, PositionValue, SortBy};

use super::super::entities::task;
use super::super::keyset::Criterion;

pub(super) fn column(column: task::Column) -> SimpleExpr {
    Expr::col((task::Entity, column))
}

pub(super) fn criteria(sort: &SortBy<TaskSort>) -> Vec<Criterion> {
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

pub(super) fn position(task: &TaskView, sort: &[SortBy<TaskSort>]) -> Position {
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
