//! Keyset pagination in SQL: the rows after a position, in the order that ends in the id.

use chrono::NaiveDate;
use sea_orm::sea_query::{Expr, ExprTrait, IntoCondition, SimpleExpr};
use sea_orm::{Condition, EntityTrait, Order, QueryOrder, QuerySelect, Select, Value};
use tenon_application::{PageRequest, Position, PositionValue};
use uuid::Uuid;

/// One criterion of an order.
pub(super) struct Criterion {
    pub(super) expression: SimpleExpr,
    pub(super) descending: bool,
}

impl Criterion {
    pub(super) fn new(expression: impl Into<SimpleExpr>, descending: bool) -> Self {
        Self { expression: expression.into(), descending }
    }

    /// A date that may be missing; missing ones come last in either direction.
    pub(super) fn optional_date(expression: impl Into<SimpleExpr>, descending: bool) -> Self {
        let expression = Expr::expr(expression.into()).if_null(Value::from(date_edge(descending)));
        Self { expression, descending }
    }
}

/// Stands for a missing date: beyond every real one.
fn date_edge(descending: bool) -> NaiveDate {
    if descending { before_the_epoch() } else { last_day() }
}

fn before_the_epoch() -> NaiveDate {
    chrono::DateTime::UNIX_EPOCH.date_naive().pred_opt().unwrap_or_default()
}

fn last_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or_default()
}

fn sql_value(value: &PositionValue, descending: bool) -> Value {
    match value {
        PositionValue::Nothing => Value::from(date_edge(descending)),
        PositionValue::Text(text) => Value::from(text.as_str()),
        PositionValue::Number(number) => Value::from(*number),
        PositionValue::Date(date) => Value::from(*date),
        PositionValue::Moment(moment) => Value::from(*moment),
    }
}

/// The rows strictly after `position`: `(a, b, id) > (x, y, z)`, spelled out because directions may differ.
fn after(criteria: &[Criterion], id: &SimpleExpr, id_descending: bool, position: &Position) -> Condition {
    let mut any = Condition::any();
    for upto in 0..=criteria.len() {
        let mut all = Condition::all();
        for (criterion, value) in criteria.iter().zip(&position.values).take(upto) {
            all = all.add(criterion.expression.clone().eq(sql_value(value, criterion.descending)));
        }
        let beyond = |expression: SimpleExpr, descending: bool, value: Value| {
            if descending { expression.lt(value) } else { expression.gt(value) }
        };
        all = match (criteria.get(upto), position.values.get(upto)) {
            (Some(criterion), Some(value)) => all.add(beyond(
                criterion.expression.clone(),
                criterion.descending,
                sql_value(value, criterion.descending),
            )),
            _ => all.add(beyond(id.clone(), id_descending, Value::from(position.id))),
        };
        any = any.add(all);
    }
    any.into_condition()
}

/// Orders and cuts a select to one page, plus one row that shows whether there is more. The id goes the way of the
/// last criterion, or down when there is none and `newest_first`.
pub(super) fn page<E: EntityTrait, F>(
    select: Select<E>,
    criteria: Vec<Criterion>,
    id: SimpleExpr,
    newest_first: bool,
    request: &PageRequest<F>,
) -> Select<E> {
    let order = |descending| if descending { Order::Desc } else { Order::Asc };
    let id_descending = criteria.last().map_or(newest_first, |criterion| criterion.descending);
    let mut select = select;
    if let Some(position) = &request.after {
        select = sea_orm::QueryFilter::filter(select, after(&criteria, &id, id_descending, position));
    }
    for criterion in criteria {
        select = select.order_by(criterion.expression, order(criterion.descending));
    }
    select.order_by(id, order(id_descending)).limit(request.limit + 1)
}

/// The position of a row in a list that is ordered by its id alone.
pub(super) fn at_id(id: Uuid) -> Position {
    Position { values: Vec::new(), id }
}
