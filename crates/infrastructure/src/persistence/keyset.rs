//! Keyset pagination in SQL: the rows after a position, in the order that ends in the id.
//!
//! A page must begin where the one before ended without reading what lies before it, so the condition has to be one
//! that an index on (…, criterion, id) can start from. PostgreSQL and SQLite understand a comparison of rows so;
//! MySQL and MariaDB do not, and understand the same spelled out with AND and OR.

use chrono::NaiveDate;
use sea_orm::sea_query::{Expr, ExprTrait, IntoCondition, SimpleExpr};
use sea_orm::{Condition, DbBackend, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select, Value};
use tenon_application::{PageRequest, Position, PositionValue};
use uuid::Uuid;

/// One criterion of an order.
#[derive(Clone)]
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

    pub(super) fn order(&self) -> Order {
        order(self.descending)
    }
}

pub(super) fn order(descending: bool) -> Order {
    if descending { Order::Desc } else { Order::Asc }
}

/// Stands for a missing date: beyond every real one.
pub(super) fn date_edge(descending: bool) -> NaiveDate {
    if descending { before_the_epoch() } else { last_day() }
}

fn before_the_epoch() -> NaiveDate {
    chrono::DateTime::UNIX_EPOCH.date_naive().pred_opt().unwrap_or_default()
}

fn last_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or_default()
}

pub(super) fn sql_value(value: &PositionValue, descending: bool) -> Value {
    match value {
        PositionValue::Nothing => Value::from(date_edge(descending)),
        PositionValue::Text(text) => Value::from(text.as_str()),
        PositionValue::Number(number) => Value::from(*number),
        PositionValue::Date(date) => Value::from(*date),
        PositionValue::Moment(moment) => Value::from(*moment),
    }
}

/// An expression, its direction, and the value it had where the page before ended.
struct Bound {
    expression: SimpleExpr,
    descending: bool,
    value: Value,
}

impl Bound {
    fn beyond(self) -> SimpleExpr {
        if self.descending { self.expression.lt(self.value) } else { self.expression.gt(self.value) }
    }
}

/// The rows strictly after `position`: `(a, b, id) > (x, y, z)`.
pub(super) fn after(
    backend: DbBackend,
    criteria: &[Criterion],
    id: &SimpleExpr,
    id_descending: bool,
    position: &Position,
) -> Condition {
    let bounds = || {
        let criteria = criteria.iter().zip(&position.values).map(|(criterion, value)| Bound {
            expression: criterion.expression.clone(),
            descending: criterion.descending,
            value: sql_value(value, criterion.descending),
        });
        let id = Bound { expression: id.clone(), descending: id_descending, value: Value::from(position.id) };
        criteria.chain([id])
    };
    if backend != DbBackend::MySql && criteria.iter().all(|criterion| criterion.descending == id_descending) {
        let (expressions, values): (Vec<_>, Vec<_>) =
            bounds().map(|bound| (bound.expression, Expr::val(bound.value))).unzip();
        let (row, end) = (Expr::tuple(expressions), Expr::tuple(values));
        return Condition::all().add(if id_descending { row.lt(end) } else { row.gt(end) });
    }
    let mut any = Condition::any();
    for upto in 0..=criteria.len() {
        let mut all = Condition::all();
        for (at, bound) in bounds().enumerate().take(upto + 1) {
            all = all.add(if at < upto { bound.expression.eq(bound.value) } else { bound.beyond() });
        }
        any = any.add(all);
    }
    // Says nothing new, but where directions differ it is all that an index can start from.
    let not_before = criteria.first().and(bounds().next()).map(|first| {
        if first.descending { first.expression.lte(first.value) } else { first.expression.gte(first.value) }
    });
    Condition::all().add_option(not_before).add(any).into_condition()
}

/// The id goes the way of the last criterion, or down when there is none and `newest_first`.
pub(super) fn id_descends(criteria: &[Criterion], newest_first: bool) -> bool {
    criteria.last().map_or(newest_first, |criterion| criterion.descending)
}

/// Orders and cuts a select to one page, plus one row that shows whether there is more.
pub(super) fn page<E: EntityTrait, F>(
    backend: DbBackend,
    select: Select<E>,
    criteria: Vec<Criterion>,
    id: SimpleExpr,
    newest_first: bool,
    request: &PageRequest<F>,
) -> Select<E> {
    let id_descending = id_descends(&criteria, newest_first);
    let mut select = select;
    if let Some(position) = &request.after {
        select = select.filter(after(backend, &criteria, &id, id_descending, position));
    }
    for criterion in criteria {
        let order = criterion.order();
        select = select.order_by(criterion.expression, order);
    }
    select.order_by(id, order(id_descending)).limit(request.limit + 1)
}

/// The position of a row in a list that is ordered by its id alone.
pub(super) fn at_id(id: Uuid) -> Position {
    Position { values: Vec::new(), id }
}
