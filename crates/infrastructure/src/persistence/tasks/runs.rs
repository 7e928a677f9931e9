//! A page of a list of tasks as a merge of runs.
//!
//! No index holds the tasks of several projects, or the tasks with and without a date, in the order of the list. But
//! one holds each project's tasks with a date, and each project's tasks without, in order: a run. The page is merged
//! from the heads of the runs, which are as long as the page at most; so it costs the same however many tasks there
//! are, whoever may see them, and wherever the page begins.

use std::cmp::Ordering;

use sea_orm::sea_query::{Alias, Asterisk, Expr, ExprTrait, Query, SelectStatement, SimpleExpr, UnionType};
use sea_orm::{Condition, DbBackend, EntityTrait, JoinType, QueryFilter, QueryTrait, Select, Value};
use tenon_application::tasks::TaskSort;
use tenon_application::{PageRequest, Position, PositionValue, SortBy};

use super::super::entities::task;
use super::super::keyset::{Criterion, after, date_edge, id_descends, order};
use super::order::{column, criteria};
use super::reach::Scope;

/// What an index holds in the order of the list.
struct Run {
    condition: Condition,
    /// What the list is ordered by, without the id, as it is in this run.
    keys: Vec<SimpleExpr>,
    /// What an index has this run in the order of.
    order: Vec<Criterion>,
    after: Option<Condition>,
}

/// A page of the tasks for which `matching` holds, of these projects; `None` when all of them lie before it.
pub(super) fn merged_page(
    backend: DbBackend,
    matching: &Condition,
    scopes: Vec<Scope>,
    request: &PageRequest<TaskSort>,
) -> Option<Select<task::Entity>> {
    let list = Sorted::new(backend, request);
    let runs: Vec<Run> = scopes.into_iter().flat_map(|scope| list.runs(scope)).collect();
    if let [run] = runs.as_slice() {
        let mut select = task::Entity::find().filter(matching.clone());
        list.narrow(QueryTrait::query(&mut select), run);
        return Some(select);
    }
    let directions = || list.criteria.iter().map(|criterion| criterion.descending).chain([list.id.descending]);
    let mut heads = runs.iter().map(|run| list.head(matching, run));
    let mut merged = heads.next()?;
    merged.unions(heads.map(|head| (UnionType::All, head)));
    for (at, descending) in directions().enumerate() {
        merged.order_by(key(at), order(descending));
    }
    merged.limit(request.limit + 1);
    let mut select = task::Entity::find();
    let query = QueryTrait::query(&mut select);
    let its_id = Expr::col((Alias::new(PAGE), key(list.criteria.len())));
    query.join_subquery(JoinType::InnerJoin, merged, Alias::new(PAGE), column(task::Column::Id).eq(its_id));
    for (at, descending) in directions().enumerate() {
        query.order_by((Alias::new(PAGE), key(at)), order(descending));
    }
    Some(select)
}

const PAGE: &str = "page";

/// What a criterion is called where runs are merged. The id is the last one.
fn key(at: usize) -> Alias {
    Alias::new(format!("k{at}"))
}

/// The order of a list, and where the page begins in it.
struct Sorted<'a> {
    backend: DbBackend,
    request: &'a PageRequest<TaskSort>,
    criteria: Vec<Criterion>,
    id: Criterion,
}

impl<'a> Sorted<'a> {
    fn new(backend: DbBackend, request: &'a PageRequest<TaskSort>) -> Self {
        let criteria: Vec<Criterion> = request.sort.iter().flat_map(criteria).collect();
        let id = Criterion::new(column(task::Column::Id), id_descends(&criteria, true));
        Self { backend, request, criteria, id }
    }

    fn runs(&self, scope: Scope) -> Vec<Run> {
        match self.request.sort.first() {
            Some(SortBy { field: TaskSort::Key, descending }) => self.by_key(scope, *descending).into_iter().collect(),
            Some(SortBy { field: TaskSort::StartDate, .. }) => self.by_date(&scope, column(task::Column::StartDate)),
            Some(SortBy { field: TaskSort::DueDate, .. }) => self.by_date(&scope, column(task::Column::DueDate)),
            _ => vec![Run {
                condition: scope.condition(),
                keys: self.keys(),
                order: self.criteria.iter().chain([&self.id]).cloned().collect(),
                after: self.request.after.as_ref().map(|position| self.after(&self.criteria, position)),
            }],
        }
    }

    fn keys(&self) -> Vec<SimpleExpr> {
        self.criteria.iter().map(|criterion| criterion.expression.clone()).collect()
    }

    fn after(&self, criteria: &[Criterion], position: &Position) -> Condition {
        after(self.backend, criteria, &self.id.expression, self.id.descending, position)
    }

    /// A project has one key, and a number only once: no other criterion has anything to say. The index ends there.
    fn by_key(&self, scope: Scope, descending: bool) -> Option<Run> {
        let number = Criterion::new(column(task::Column::Number), descending);
        let mut run = Run { condition: scope.condition(), keys: self.keys(), order: vec![number], after: None };
        let Some(position) = &self.request.after else { return Some(run) };
        let [PositionValue::Text(project), PositionValue::Number(last), ..] = position.values.as_slice() else {
            return Some(run);
        };
        // Keys are of A to Z and 0 to 9, which every database orders as here.
        let ahead = scope.key.map_or(Ordering::Equal, |key| key.as_str().cmp(project));
        match if descending { ahead.reverse() } else { ahead } {
            Ordering::Less => return None,
            Ordering::Equal => {
                let number = column(task::Column::Number);
                run.after = Some(Condition::all().add(if descending { number.lt(*last) } else { number.gt(*last) }));
            }
            Ordering::Greater => {}
        }
        Some(run)
    }

    /// The tasks with a date, and those without. Where both are merged the missing date is the one beyond all others.
    fn by_date(&self, scope: &Scope, date: SimpleExpr) -> Vec<Run> {
        let descending = self.criteria.first().is_some_and(|criterion| criterion.descending);
        let edge = date_edge(descending);
        let rest = self.criteria.get(1..).unwrap_or_default();
        let order = [Criterion::new(date.clone(), descending)].into_iter().chain(rest.iter().cloned());
        let order: Vec<Criterion> = order.collect();
        let position = self.request.after.as_ref();
        let keys = |first: SimpleExpr| [first].into_iter().chain(self.keys().into_iter().skip(1)).collect();
        let with = Run {
            condition: scope.condition().add(date.clone().is_not_null()),
            keys: keys(date.clone()),
            order: order.iter().chain([&self.id]).cloned().collect(),
            after: position.map(|position| self.after(&order, position)),
        };
        let reached = |position: &&Position| match position.values.first() {
            Some(PositionValue::Date(date)) => *date == edge,
            _ => true,
        };
        let without_date = |position: &Position| {
            let values = position.values.iter().skip(1).cloned().collect();
            self.after(rest, &Position { values, id: position.id })
        };
        // PostgreSQL takes the order from the index only if it also goes by the missing date, MySQL only if it does not.
        let from = usize::from(self.backend == DbBackend::MySql);
        let without = Run {
            condition: scope.condition().add(date.is_null()),
            keys: keys(Expr::val(Value::from(edge))),
            order: order.iter().chain([&self.id]).skip(from).cloned().collect(),
            after: position.filter(reached).map(without_date),
        };
        vec![with, without]
    }

    fn narrow(&self, select: &mut SelectStatement, run: &Run) {
        select.cond_where(run.condition.clone());
        if let Some(after) = &run.after {
            select.cond_where(after.clone());
        }
        for criterion in &run.order {
            select.order_by_expr(criterion.expression.clone(), criterion.order());
        }
        select.limit(self.request.limit + 1);
    }

    /// The first rows of a run: what they are ordered by and their ids.
    fn head(&self, matching: &Condition, run: &Run) -> SelectStatement {
        let mut select = Query::select();
        select.from(task::Entity).cond_where(matching.clone());
        self.narrow(&mut select, run);
        for (at, expression) in run.keys.iter().chain([&self.id.expression]).enumerate() {
            select.expr_as(expression.clone(), key(at));
        }
        // SQLite takes a limit in a part of a union only inside a subquery.
        Query::select().column(Asterisk).from_subquery(select, Alias::new("run")).to_owned()
    }
}
