//! Which projects a list of tasks is read from.

use sea_orm::sea_query::{Expr, ExprTrait, Query, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, DbBackend, EntityTrait, QueryFilter, QuerySelect};
use tenon_application::tasks::{TaskFilter, TaskSort};
use tenon_application::{PageRequest, SortBy, StoreError, Viewer};
use uuid::Uuid;

use super::super::entities::{project, task};
use super::super::error::Stored;
use super::super::queries::SqlQueries;
use super::super::visibility::visible_to;
use super::few::can_be_few;
use super::order::{column, criteria};

/// From how many projects a page is merged at most; what is read from more is sorted. SQLite takes unions of 500 parts,
/// and there may be two for a project.
const MAX_MERGED: usize = 240;

/// How many values the runs of a merged query may carry, if there is one for a project; SQLite takes 32,766, and there
/// may be two.
const MAX_VALUES: usize = 16_000;

/// The visible projects whose tasks are listed.
pub(super) enum Reach {
    /// Each of them.
    Each(Vec<Scope>),
    /// One condition for all.
    Any(Condition),
}

/// One project.
pub(super) struct Scope {
    project: SimpleExpr,
    /// Its key, if the list is ordered by keys. It is the same on all tasks of the project, and saying which lets the
    /// index of keys be used.
    project_key: Option<SimpleExpr>,
    /// The same, where it had to be looked up.
    pub(super) key: Option<String>,
}

impl Scope {
    /// The tasks of the project.
    pub(super) fn condition(&self) -> Condition {
        let key = self.project_key.clone().map(|key| column(task::Column::ProjectKey).eq(key));
        Condition::all().add(column(task::Column::ProjectId).eq(self.project.clone())).add_option(key)
    }
}

impl Reach {
    pub(super) fn is_nowhere(&self) -> bool {
        matches!(self, Self::Each(scopes) if scopes.is_empty())
    }

    /// One condition for all, whichever it is.
    pub(super) fn anywhere(&self) -> Condition {
        let project = column(task::Column::ProjectId);
        match self {
            Self::Each(scopes) => Condition::all().add(match scopes.as_slice() {
                [scope] => project.eq(scope.project.clone()),
                scopes => project.is_in(scopes.iter().map(|scope| scope.project.clone())),
            }),
            Self::Any(scope) => scope.clone(),
        }
    }
}

impl SqlQueries {
    pub(super) async fn reach(
        &self,
        viewer: Viewer,
        filter: &TaskFilter,
        request: &PageRequest<TaskSort>,
    ) -> Result<Reach, StoreError> {
        let by_key = request.sort.first().is_some_and(|sort| sort.field == TaskSort::Key);
        // MySQL searches an index from where the page begins only if it is told the project, not how to find it. Not
        // when there is something to be counted before: three queries are enough.
        let counted = request.include_total || can_be_few(filter);
        let told = self.database.backend() == DbBackend::MySql && !counted;
        if let ([one], false) = (filter.project_ids.as_slice(), told) {
            return Ok(Reach::Each(vec![visible(one.uuid(), viewer, by_key)]));
        }
        let mut wanted = Condition::all().add(visible_to(viewer));
        if !filter.project_ids.is_empty() {
            wanted = wanted.add(project::Column::Id.is_in(filter.project_ids.iter().map(|id| id.uuid())));
        }
        let most = most_merged(filter, &request.sort);
        let found: Vec<(Uuid, String)> = project::Entity::find()
            .select_only()
            .columns([project::Column::Id, project::Column::Key])
            .filter(wanted.clone())
            .limit(u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1))
            .into_tuple()
            .all(&self.database.replica(viewer))
            .await
            .stored()?;
        if found.len() > most {
            let column = (project::Entity, project::Column::Id);
            let projects = Query::select().column(column).from(project::Entity).cond_where(wanted).to_owned();
            return Ok(Reach::Any(Condition::all().add(task::Column::ProjectId.in_subquery(projects))));
        }
        let scope = |(id, key): (Uuid, String)| Scope {
            project: Expr::val(id),
            project_key: by_key.then(|| Expr::val(key.as_str())),
            key: Some(key),
        };
        Ok(Reach::Each(found.into_iter().map(scope).collect()))
    }
}

/// A project, if it is visible: else these subqueries yield nothing.
fn visible(id: Uuid, viewer: Viewer, by_key: bool) -> Scope {
    let visible = |column| {
        let select = Query::select()
            .column((project::Entity, column))
            .from(project::Entity)
            .and_where(project::Column::Id.eq(id))
            .cond_where(visible_to(viewer))
            .to_owned();
        SimpleExpr::from(select)
    };
    let project_key = by_key.then(|| visible(project::Column::Key));
    Scope { project: visible(project::Column::Id), project_key, key: None }
}

fn most_merged(filter: &TaskFilter, sort: &[SortBy<TaskSort>]) -> usize {
    MAX_MERGED.min(MAX_VALUES / values(filter, sort))
}

/// How many values filter and order put into each run at most.
fn values(filter: &TaskFilter, sort: &[SortBy<TaskSort>]) -> usize {
    let lists = [
        filter.statuses.len(),
        filter.categories.len(),
        filter.assignees.len(),
        filter.reporters.len(),
        filter.priorities.len(),
        filter.labels.len(),
        filter.types.len(),
    ];
    let ordered_by: usize = sort.iter().map(|sort| criteria(sort).len()).sum();
    // Where directions differ, what lies after a position is spelled out: for each criterion and the id, with all
    // before it. Each is a value, and maybe the one that stands for a missing date.
    let ends = (ordered_by + 1) * (ordered_by + 2) / 2;
    lists.iter().sum::<usize>() + 2 * (ends + 1 + ordered_by) + 16
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use sea_orm::QueryTrait;
    use tenon_application::{Position, PositionValue};
    use tenon_domain::access::OrganizationRole;
    use tenon_domain::{Timestamp, UserId};

    use super::super::filter::condition;
    use super::super::runs::merged_page;
    use super::*;

    const SQLITE_TAKES: usize = 32_766;

    const FIELDS: [TaskSort; 7] = [
        TaskSort::CreatedAt,
        TaskSort::UpdatedAt,
        TaskSort::Key,
        TaskSort::Title,
        TaskSort::Priority,
        TaskSort::StartDate,
        TaskSort::DueDate,
    ];

    fn position_in(field: TaskSort) -> Vec<PositionValue> {
        match field {
            TaskSort::CreatedAt | TaskSort::UpdatedAt => vec![PositionValue::Moment(Timestamp::UNIX_EPOCH)],
            TaskSort::Key => vec![PositionValue::Text("ENG".to_owned()), PositionValue::Number(1)],
            TaskSort::Title => vec![PositionValue::Text("Fix the door".to_owned())],
            TaskSort::Priority => vec![PositionValue::Number(1)],
            TaskSort::StartDate | TaskSort::DueDate => vec![PositionValue::Nothing],
        }
    }

    fn greedy() -> TaskFilter {
        let users: Vec<UserId> = (0..10).map(|user| Uuid::from_u128(user).into()).collect();
        let names: Vec<String> = (0..10).map(|name| format!("name {name}")).collect();
        TaskFilter {
            statuses: names.clone(),
            assignees: users.clone(),
            reporters: users,
            labels: names,
            due_before: Some(NaiveDate::MAX),
            due_after: Some(NaiveDate::MIN),
            updated_after: Some(Timestamp::UNIX_EPOCH),
            text: Some("ENG-1".to_owned()),
            ..TaskFilter::default()
        }
    }

    /// The most projects that are merged in this order, and how many values that takes on SQLite.
    fn merged(filter: &TaskFilter, sort: Vec<SortBy<TaskSort>>) -> (usize, usize) {
        let (user, organization) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        let viewer = Viewer::new(user, organization, OrganizationRole::Member);
        let values = sort.iter().flat_map(|sort| position_in(sort.field)).collect();
        let request = PageRequest {
            limit: 200,
            after: Some(Position { values, id: Uuid::from_u128(3) }),
            sort,
            include_total: false,
        };
        let most = most_merged(filter, &request.sort);
        let by_key = request.sort.first().is_some_and(|sort| sort.field == TaskSort::Key);
        let scopes = (0..most).map(|_| Scope {
            project: Expr::val(Uuid::from_u128(4)),
            project_key: by_key.then(|| Expr::val("ENG")),
            key: Some("ENG".to_owned()),
        });
        let asked = condition(DbBackend::Sqlite, viewer, filter, request.sort.first());
        let matching = Condition::all().add(task::Column::OrgId.eq(Uuid::from_u128(2))).add(asked);
        let page = merged_page(DbBackend::Sqlite, &matching, scopes.collect(), &request).unwrap();
        (most, page.build(DbBackend::Sqlite).values.unwrap().0.len())
    }

    #[test]
    fn no_order_takes_more_values_than_there_may_be() {
        for filter in [TaskFilter::default(), greedy()] {
            for first in 0..FIELDS.len() {
                for length in 0..=FIELDS.len() {
                    let fields = FIELDS.into_iter().cycle().skip(first).take(length);
                    let by = |(at, field): (usize, TaskSort)| SortBy { field, descending: at % 2 == 0 };
                    let sort: Vec<_> = fields.enumerate().map(by).collect();
                    let (most, values) = merged(&filter, sort.clone());
                    assert!(values <= SQLITE_TAKES, "{values} values for {most} projects: {sort:?}");
                }
            }
        }
    }

    #[test]
    fn an_ordinary_order_is_merged_from_as_many_projects_as_can_be() {
        let by = |field| SortBy { field, descending: false };
        let sort = vec![by(TaskSort::DueDate), by(TaskSort::Priority), by(TaskSort::Key)];
        assert_eq!(merged(&TaskFilter::default(), sort).0, MAX_MERGED);
    }
}
