use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, JoinType, PaginatorTrait, QueryFilter, QuerySelect, Select,
};
use tenon_application::projects::{
    ProjectFilter, ProjectMemberView, ProjectQueries, ProjectRef, ProjectSort, ProjectTeamView, ProjectView,
};
use tenon_application::{Page, PageRequest, Position, PositionValue, SortBy, StoreError, Unsorted, Viewer};
use tenon_domain::access::ProjectRole;
use tenon_domain::{ProjectId, Timestamp, UserId};
use uuid::Uuid;

use super::super::entities::{custom_role, project, project_member, user};
use super::super::error::Stored;
use super::super::keyset::{Criterion, page};
use super::super::queries::SqlQueries;
use super::super::rows::{contains_pattern, named};
use super::super::visibility::visible_to;
use super::repository::state;
use super::{named_role, workflow_of, workflows};

#[async_trait]
impl ProjectQueries for SqlQueries {
    async fn find_id(&self, viewer: Viewer, project: &ProjectRef) -> Result<Option<ProjectId>, StoreError> {
        let id: Option<Uuid> = visible(viewer)
            .filter(named_by(project))
            .select_only()
            .column(project::Column::Id)
            .into_tuple()
            .one(&self.database.replica(viewer))
            .await
            .stored()?;
        Ok(id.map(ProjectId::new))
    }

    async fn find(&self, viewer: Viewer, project: &ProjectRef) -> Result<Option<ProjectView>, StoreError> {
        let row = visible(viewer).filter(named_by(project)).one(&self.database.replica(viewer)).await.stored()?;
        Ok(self.views(viewer, row.into_iter().collect()).await?.pop())
    }

    async fn list(
        &self,
        viewer: Viewer,
        filter: &ProjectFilter,
        request: &PageRequest<ProjectSort>,
    ) -> Result<Page<ProjectView>, StoreError> {
        let connection = &self.database.replica(viewer);
        let select = visible(viewer).filter(condition(filter));
        let total = if request.include_total { Some(select.clone().count(connection).await.stored()?) } else { None };
        let criteria = request.sort.iter().map(criterion).collect();
        let id = Expr::col((project::Entity, project::Column::Id));
        let rows =
            page(self.database.backend(), select, criteria, id, false, request).all(connection).await.stored()?;
        let page = Page::cut(rows, request.limit, total, |row| position(row, &request.sort));
        Ok(Page { items: self.views(viewer, page.items).await?, next: page.next, total: page.total })
    }

    async fn members(
        &self,
        viewer: Viewer,
        project: ProjectId,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<ProjectMemberView>, StoreError> {
        let connection = &self.database.replica(viewer);
        let select = members(viewer, project);
        let total = if request.include_total { Some(select.clone().count(connection).await.stored()?) } else { None };
        let added_at = Criterion::new(Expr::col((project_member::Entity, project_member::Column::AddedAt)), false);
        let id = Expr::col((project_member::Entity, project_member::Column::UserId));
        let rows = with_name(page(self.database.backend(), select, vec![added_at], id, false, request))
            .into_model::<MemberRow>()
            .all(connection)
            .await
            .stored()?;
        let views = rows.into_iter().map(MemberRow::view).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(views, request.limit, total, |member| Position {
            values: vec![PositionValue::Moment(member.added_at)],
            id: member.user_id.uuid(),
        }))
    }

    async fn member(
        &self,
        viewer: Viewer,
        project: ProjectId,
        user: UserId,
    ) -> Result<Option<ProjectMemberView>, StoreError> {
        let row = with_name(members(viewer, project).filter(project_member::Column::UserId.eq(user.uuid())))
            .into_model::<MemberRow>()
            .one(&self.database.replica(viewer))
            .await
            .stored()?;
        row.map(MemberRow::view).transpose()
    }

    async fn teams(
        &self,
        viewer: Viewer,
        project: ProjectId,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<ProjectTeamView>, StoreError> {
        self.page_of_project_teams(viewer, project, request).await
    }
}

impl SqlQueries {
    /// The views of these rows, with their workflows in one more query.
    async fn views(&self, viewer: Viewer, rows: Vec<project::Model>) -> Result<Vec<ProjectView>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let statuses = workflows(&self.database.replica(viewer), viewer.organization.uuid(), ids).await?;
        rows.into_iter()
            .map(|row| {
                let workflow = workflow_of(row.id, &statuses);
                Ok(ProjectView::new(state(row)?, &workflow))
            })
            .collect()
    }
}

#[derive(FromQueryResult)]
struct MemberRow {
    user_id: Uuid,
    role: String,
    custom_role_id: Option<Uuid>,
    custom_role_name: Option<String>,
    added_at: Timestamp,
    display_name: String,
}

impl MemberRow {
    fn view(self) -> Result<ProjectMemberView, StoreError> {
        let role = named("project role", &self.role, ProjectRole::parse)?;
        Ok(ProjectMemberView {
            user_id: self.user_id.into(),
            display_name: self.display_name,
            role,
            custom_role: named_role(role, self.custom_role_id, self.custom_role_name),
            added_at: self.added_at,
        })
    }
}

fn visible(viewer: Viewer) -> Select<project::Entity> {
    project::Entity::find().filter(visible_to(viewer))
}

fn named_by(project: &ProjectRef) -> Condition {
    Condition::all().add(match project {
        ProjectRef::Id(id) => project::Column::Id.eq(id.uuid()),
        ProjectRef::Key(key) => project::Column::Key.eq(key.as_str()),
    })
}

fn condition(filter: &ProjectFilter) -> Condition {
    let mut all = Condition::all();
    match filter.archived {
        Some(true) => all = all.add(project::Column::ArchivedAt.is_not_null()),
        Some(false) => all = all.add(project::Column::ArchivedAt.is_null()),
        None => {}
    }
    match &filter.text {
        Some(text) => {
            let pattern = LikeExpr::new(contains_pattern(text)).escape('!');
            let lower = |column: project::Column| Expr::expr(Func::lower(Expr::col((project::Entity, column))));
            let any = Condition::any()
                .add(lower(project::Column::Name).like(pattern.clone()))
                .add(lower(project::Column::Key).like(pattern));
            all.add(any)
        }
        None => all,
    }
}

fn criterion(sort: &SortBy<ProjectSort>) -> Criterion {
    let column = match sort.field {
        ProjectSort::CreatedAt => project::Column::CreatedAt,
        ProjectSort::UpdatedAt => project::Column::UpdatedAt,
        ProjectSort::Key => project::Column::Key,
        ProjectSort::Name => project::Column::Name,
    };
    Criterion::new(Expr::col((project::Entity, column)), sort.descending)
}

fn position(row: &project::Model, sort: &[SortBy<ProjectSort>]) -> Position {
    let values = sort
        .iter()
        .map(|sort| match sort.field {
            ProjectSort::CreatedAt => PositionValue::Moment(row.created_at),
            ProjectSort::UpdatedAt => PositionValue::Moment(row.updated_at),
            ProjectSort::Key => PositionValue::Text(row.key.clone()),
            ProjectSort::Name => PositionValue::Text(row.name.clone()),
        })
        .collect();
    Position { values, id: row.id }
}

fn members(viewer: Viewer, project: ProjectId) -> Select<project_member::Entity> {
    project_member::Entity::find()
        .filter(project_member::Column::OrgId.eq(viewer.organization.uuid()))
        .filter(project_member::Column::ProjectId.eq(project.uuid()))
}

/// Puts the names of the user and of a custom role beside each row.
fn with_name(select: Select<project_member::Entity>) -> Select<project_member::Entity> {
    let of_user = project_member::Entity::belongs_to(user::Entity)
        .from(project_member::Column::UserId)
        .to(user::Column::Id)
        .into();
    let of_role = project_member::Entity::belongs_to(custom_role::Entity)
        .from(project_member::Column::CustomRoleId)
        .to(custom_role::Column::Id)
        .into();
    select
        .join(JoinType::InnerJoin, of_user)
        .join(JoinType::LeftJoin, of_role)
        .column_as(user::Column::DisplayName, "display_name")
        .column_as(custom_role::Column::Name, "custom_role_name")
}
