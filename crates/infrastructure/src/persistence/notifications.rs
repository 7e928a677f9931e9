//! The inboxes of users.

use async_trait::async_trait;
use sea_orm::sea_query::{Expr, Func, OnConflict};
use sea_orm::{
    ColumnTrait, DbBackend, EntityTrait, IntoActiveModel, Order, PaginatorTrait, QueryFilter, QueryOrder, Select, Value,
};
use tenon_application::notifications::{NotificationQueries, NotificationRepository, NotificationView};
use tenon_application::{Page, PageRequest, StoreError, Unsorted, Viewer};
use tenon_domain::notifications::NotificationKind;
use tenon_domain::{NotificationId, Timestamp, UserId};
use uuid::Uuid;

use super::entities::notification::{Column, Entity, Model};
use super::error::Stored;
use super::keyset::{at_id, page};
use super::rows::named;
use super::unit_of_work::SqlUnitOfWork;
use super::{ROWS_PER_STATEMENT, SqlQueries};

fn view(row: Model) -> Result<NotificationView, StoreError> {
    Ok(NotificationView {
        id: row.id.into(),
        kind: named("kind of notification", &row.kind, NotificationKind::parse)?,
        title: row.title,
        body: row.body,
        actor_id: row.actor_id.map(Into::into),
        actor_name: row.actor_name,
        project_id: row.project_id.map(Into::into),
        resource_kind: row.resource_kind,
        resource_id: row.resource_id,
        resource_name: row.resource_name,
        read_at: row.read_at,
        created_at: row.created_at,
    })
}

/// The viewer's own notifications in their organization.
fn inbox(viewer: Viewer) -> Select<Entity> {
    Entity::find().filter(Column::OrgId.eq(viewer.organization.uuid())).filter(Column::UserId.eq(viewer.user.uuid()))
}

#[async_trait]
impl NotificationRepository for SqlUnitOfWork {
    async fn insert(&mut self, notifications: Vec<(UserId, NotificationView, Uuid)>) -> Result<(), StoreError> {
        let organization = self.org()?;
        let row = |(user, view, event): (UserId, NotificationView, Uuid)| Model {
            id: view.id.uuid(),
            org_id: organization,
            user_id: user.uuid(),
            event_id: event,
            kind: view.kind.as_str().to_owned(),
            title: view.title,
            body: view.body,
            actor_id: view.actor_id.map(UserId::uuid),
            actor_name: view.actor_name,
            project_id: view.project_id.map(Into::into),
            resource_kind: view.resource_kind,
            resource_id: view.resource_id,
            resource_name: view.resource_name,
            read_at: view.read_at,
            created_at: view.created_at,
        };
        let once_per_event =
            OnConflict::columns([Column::EventId, Column::UserId]).do_nothing_on([Column::Id]).to_owned();
        let mut rows = notifications.into_iter().map(row).map(IntoActiveModel::into_active_model).peekable();
        while rows.peek().is_some() {
            let some: Vec<_> = rows.by_ref().take(ROWS_PER_STATEMENT).collect();
            Entity::insert_many(some)
                .on_conflict(once_per_event.clone())
                .exec_without_returning(&self.transaction)
                .await
                .stored()?;
        }
        Ok(())
    }

    async fn mark_read(&mut self, user: UserId, id: NotificationId, now: Timestamp) -> Result<bool, StoreError> {
        // The first reading counts.
        let read_at = Func::coalesce([Expr::col(Column::ReadAt), Expr::val(Value::from(now))]);
        let marked = Entity::update_many()
            .col_expr(Column::ReadAt, read_at.into())
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::OrgId.eq(self.org()?))
            .filter(Column::UserId.eq(user.uuid()))
            .exec(&self.transaction)
            .await
            .stored()?;
        Ok(marked.rows_affected > 0)
    }

    async fn mark_all_read(&mut self, user: UserId, now: Timestamp) -> Result<u64, StoreError> {
        let marked = Entity::update_many()
            .col_expr(Column::ReadAt, Expr::val(Value::from(now)))
            .filter(Column::OrgId.eq(self.org()?))
            .filter(Column::UserId.eq(user.uuid()))
            .filter(Column::ReadAt.is_null())
            .exec(&self.transaction)
            .await
            .stored()?;
        Ok(marked.rows_affected)
    }

    async fn erase_all(&mut self, user: UserId) -> Result<(), StoreError> {
        Entity::delete_many()
            .filter(Column::OrgId.eq(self.org()?))
            .filter(Column::UserId.eq(user.uuid()))
            .exec(&self.transaction)
            .await
            .stored()?;
        Ok(())
    }
}

impl SqlQueries {
    fn unread(&self, viewer: Viewer) -> Select<Entity> {
        let unread = inbox(viewer).filter(Column::ReadAt.is_null());
        // PostgreSQL takes the order from the index only if it also goes by what is always missing, MySQL only if not.
        match self.database.backend() {
            DbBackend::MySql => unread,
            _ => unread.order_by(Column::ReadAt, Order::Desc),
        }
    }
}

#[async_trait]
impl NotificationQueries for SqlQueries {
    async fn list(
        &self,
        viewer: Viewer,
        unread: Option<bool>,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<NotificationView>, StoreError> {
        let database = &self.database.replica(viewer);
        let select = match unread {
            None => inbox(viewer),
            Some(true) => self.unread(viewer),
            Some(false) => inbox(viewer).filter(Column::ReadAt.is_not_null()),
        };
        let total = match request.include_total {
            true => Some(select.clone().count(database).await.stored()?),
            false => None,
        };
        let id = Expr::col((Entity, Column::Id));
        let rows = page(self.database.backend(), select, vec![], id, true, request).all(database).await.stored()?;
        let views = rows.into_iter().map(view).collect::<Result<_, _>>()?;
        Ok(Page::cut(views, request.limit, total, |view: &NotificationView| at_id(view.id.uuid())))
    }

    async fn find(&self, viewer: Viewer, id: NotificationId) -> Result<Option<NotificationView>, StoreError> {
        let row = inbox(viewer).filter(Column::Id.eq(id.uuid())).one(&self.database.replica(viewer)).await.stored()?;
        row.map(view).transpose()
    }

    async fn count_unread(&self, viewer: Viewer) -> Result<u64, StoreError> {
        inbox(viewer).filter(Column::ReadAt.is_null()).count(&self.database.replica(viewer)).await.stored()
    }
}
