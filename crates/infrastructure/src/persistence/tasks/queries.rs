use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use tenon_application::tasks::{TaskFilter, TaskQueries, TaskRef, TaskSort, TaskView};
use tenon_application::{Page, PageRequest, StoreError, Viewer};

use super::super::entities::{project, task};
use super::super::error::Stored;
use super::super::keyset::page;
use super::super::queries::SqlQueries;
use super::super::visibility::visible_to;
use super::filter::condition;
use super::order::{column, criteria, position};
use super::reach::Reach;
use super::runs::merged_page;
use super::{named_by, view};

#[async_trait]
impl TaskQueries for SqlQueries {
    async fn find(&self, viewer: Viewer, task: &TaskRef) -> Result<Option<TaskView>, StoreError> {
        let its_project = Expr::col((project::Entity, project::Column::Id));
        let visible = Query::select()
            .expr(Expr::val(1))
            .from(project::Entity)
            .and_where(its_project.equals((task::Entity, task::Column::ProjectId)))
            .cond_where(visible_to(viewer))
            .to_owned();
        let select = task::Entity::find().filter(alive(viewer)).filter(named_by(task)).filter(Expr::exists(visible));
        select.one(&self.database.replica(viewer)).await.stored()?.map(view).transpose()
    }

    async fn list(
        &self,
        viewer: Viewer,
        filter: &TaskFilter,
        request: &PageRequest<TaskSort>,
    ) -> Result<Page<TaskView>, StoreError> {
        let (connection, backend) = (&self.database.replica(viewer), self.database.backend());
        let matching = alive(viewer).add(condition(backend, viewer, filter, request.sort.first()));
        let reach = self.reach(viewer, filter, request).await?;
        if reach.is_nowhere() {
            return Ok(Page { items: Vec::new(), next: None, total: request.include_total.then_some(0) });
        }
        let within = reach.anywhere();
        // Who asks for the total has the whole list read anyway; and three queries are enough.
        let (total, few) = if request.include_total {
            let all = task::Entity::find().filter(matching.clone()).filter(within.clone());
            (Some(all.select_only().column(task::Column::Id).count(connection).await.stored()?), None)
        } else {
            (None, self.few(viewer, filter, &within).await?)
        };
        let select = match (few, reach) {
            (Some(few), _) => Some(self.page_of_few(few, matching.add(within), request)),
            (None, Reach::Each(scopes)) => merged_page(backend, &matching, scopes, request),
            (None, Reach::Any(_)) => {
                let select = task::Entity::find().filter(matching).filter(within);
                let criteria = request.sort.iter().flat_map(criteria).collect();
                Some(page(backend, select, criteria, column(task::Column::Id), true, request))
            }
        };
        let rows = match select {
            Some(select) => select.all(connection).await.stored()?,
            None => Vec::new(),
        };
        let views = rows.into_iter().map(view).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(views, request.limit, total, |task| position(task, &request.sort)))
    }
}

/// The tasks of the organization that are not in the trash.
fn alive(viewer: Viewer) -> Condition {
    Condition::all().add(task::Column::OrgId.eq(viewer.organization.uuid())).add(task::Column::DeletedAt.is_null())
}
