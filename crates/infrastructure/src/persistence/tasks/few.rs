//! Filters that few tasks match.
//!
//! There are two ways to read a page of what matches a filter: go through the tasks in the order of the list until the
//! page is full, or read all that matches and sort it. The first takes for ever when little matches, the second when
//! much does. Databases guess: SQLite and MySQL know next to nothing of how often a value occurs, and PostgreSQL plans a
//! prepared statement for any value. So the first entries that the indexes hold for each filter are counted before.

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, SimpleExpr, UnionType};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, Select};
use tenon_application::tasks::{TaskFilter, TaskSort};
use tenon_application::{PageRequest, StoreError, Viewer};

use super::super::entities::{task, task_assignee, task_label};
use super::super::error::Stored;
use super::super::keyset::page;
use super::super::queries::SqlQueries;
use super::filter::uuids;
use super::order::{column, criteria};

/// What is read and sorted at most. To find 50 tasks among a million of which 1,001 match takes going through 50,000.
const FEW: i64 = 1000;

impl SqlQueries {
    /// The ids of the tasks that match the filter's most selective field, if they are few. `within` is what confines the
    /// list to its projects.
    pub(super) async fn few(
        &self,
        viewer: Viewer,
        filter: &TaskFilter,
        within: &Condition,
    ) -> Result<Option<SelectStatement>, StoreError> {
        let mut fields = fields(viewer, filter, within);
        let counts = fields.iter().enumerate().map(|(at, ids)| {
            let mut first = ids.clone();
            first.limit(FEW.unsigned_abs() + 1);
            Query::select()
                .expr_as(Expr::val(i64::try_from(at).unwrap_or_default()), FIELD)
                .expr_as(Expr::col(task::Column::Id).count(), COUNT)
                .from_subquery(first, Alias::new("ids"))
                .to_owned()
        });
        let Some(counts) = counts.reduce(|mut all, one| all.union(UnionType::All, one).to_owned()) else {
            return Ok(None);
        };
        let rows = self.database.replica(viewer).query_all(&counts).await.stored()?;
        let mut least: Option<(i64, i64)> = None;
        for row in rows {
            let found: (i64, i64) = (row.try_get("", COUNT).stored()?, row.try_get("", FIELD).stored()?);
            least = Some(least.map_or(found, |least| least.min(found)));
        }
        let least = least.filter(|(count, _)| *count <= FEW).and_then(|(_, at)| usize::try_from(at).ok());
        Ok(least.filter(|at| *at < fields.len()).map(|at| fields.swap_remove(at)))
    }

    /// A page of the tasks with these ids for which `matching` holds.
    pub(super) fn page_of_few(
        &self,
        mut ids: SelectStatement,
        matching: Condition,
        request: &PageRequest<TaskSort>,
    ) -> Select<task::Entity> {
        ids.distinct();
        let mut select = task::Entity::find();
        // A cross join, because SQLite takes it as the order in which to read.
        let few = Expr::col((Alias::new(IDS), task::Column::Id));
        sea_orm::QueryTrait::query(&mut select)
            .from_clear()
            .from_subquery(ids, Alias::new(IDS))
            .cross_join(task::Entity)
            .and_where(column(task::Column::Id).eq(few))
            .cond_where(matching);
        let criteria = request.sort.iter().flat_map(criteria).collect();
        page(self.database.backend(), select, criteria, column(task::Column::Id), true, request)
    }
}

const IDS: &str = "few";
const FIELD: &str = "field";
const COUNT: &str = "matches";

/// Whether there is a field of the filter that an index can answer.
pub(super) fn can_be_few(filter: &TaskFilter) -> bool {
    let TaskFilter { assignees, labels, statuses, priorities, due_before, due_after, updated_after, .. } = filter;
    let listed = !(assignees.is_empty() && labels.is_empty() && statuses.is_empty() && priorities.is_empty());
    listed || due_before.is_some() || due_after.is_some() || updated_after.is_some()
}

/// For each field of the filter that an index can answer, the ids of what matches it.
fn fields(viewer: Viewer, filter: &TaskFilter, within: &Condition) -> Vec<SelectStatement> {
    let org = viewer.organization.uuid();
    let mut fields = Vec::new();
    if !filter.assignees.is_empty() {
        let mut ids = Query::select();
        ids.expr_as(Expr::col(task_assignee::Column::TaskId), task::Column::Id)
            .from(task_assignee::Entity)
            .and_where(task_assignee::Column::OrgId.eq(org))
            .and_where(task_assignee::Column::UserId.is_in(uuids(&filter.assignees)));
        fields.push(ids);
    }
    if !filter.labels.is_empty() {
        let mut ids = Query::select();
        ids.expr_as(Expr::col(task_label::Column::TaskId), task::Column::Id)
            .from(task_label::Entity)
            .and_where(task_label::Column::OrgId.eq(org))
            .and_where(task_label::Column::Label.is_in(filter.labels.iter().map(String::as_str)));
        fields.push(ids);
    }
    let mut of_tasks = |condition: SimpleExpr| {
        let mut ids = Query::select();
        ids.column((task::Entity, task::Column::Id))
            .from(task::Entity)
            .cond_where(within.clone())
            .and_where(task::Column::DeletedAt.is_null())
            .and_where(condition);
        fields.push(ids);
    };
    if !filter.statuses.is_empty() {
        of_tasks(task::Column::Status.is_in(filter.statuses.iter().map(String::as_str)));
    }
    if !filter.priorities.is_empty() {
        of_tasks(task::Column::Priority.is_in(filter.priorities.iter().map(|priority| priority.rank())));
    }
    let due = [
        filter.due_before.map(|day| task::Column::DueDate.lt(day)),
        filter.due_after.map(|day| task::Column::DueDate.gt(day)),
    ];
    if let Some(due) = due.into_iter().flatten().reduce(SimpleExpr::and) {
        of_tasks(due);
    }
    if let Some(moment) = filter.updated_after {
        of_tasks(task::Column::UpdatedAt.gt(moment));
    }
    fields
}
