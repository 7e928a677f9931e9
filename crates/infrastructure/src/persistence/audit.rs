//! The audit trail. The database refuses changes to it; see the migration.

use async_trait::async_trait;
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, Select};
use tenon_application::audit::{AuditEntryView, AuditFilter, AuditQueries, AuditRepository};
use tenon_application::events::{ActorRecord, SubjectRecord};
use tenon_application::{Page, PageRequest, Position, PositionValue, StoreError, Unsorted, Viewer};
use tenon_domain::OrganizationId;
use uuid::Uuid;

use super::SqlQueries;
use super::entities::audit_entry::{ActiveModel, Column, Entity, Model};
use super::error::Stored;
use super::keyset::{Criterion, page};
use super::rows::{from_json, to_json};
use super::unit_of_work::SqlUnitOfWork;

fn view(row: Model) -> Result<AuditEntryView, StoreError> {
    Ok(AuditEntryView {
        id: row.id.into(),
        action: row.action,
        actor: ActorRecord { kind: row.actor_kind, id: row.actor_id, token: row.actor_token_id },
        actor_name: row.actor_name,
        resource: SubjectRecord { kind: row.resource_kind, id: row.resource_id, name: row.resource_name },
        changes: from_json(&row.changes)?,
        ip: row.ip,
        user_agent: row.user_agent,
        request_id: row.request_id,
        occurred_at: row.occurred_at,
    })
}

#[async_trait]
impl AuditRepository for SqlUnitOfWork {
    async fn append(&mut self, entries: Vec<AuditEntryView>) -> Result<(), StoreError> {
        let org_id = self.organization.map(OrganizationId::uuid);
        let rows = entries.into_iter().map(|entry| row(org_id, entry)).collect::<Result<Vec<_>, _>>()?;
        if rows.is_empty() {
            return Ok(());
        }
        Entity::insert_many(rows).exec_without_returning(&self.transaction).await.stored()?;
        Ok(())
    }
}

fn row(org_id: Option<Uuid>, entry: AuditEntryView) -> Result<ActiveModel, StoreError> {
    Ok(Model {
        id: entry.id.uuid(),
        org_id,
        action: entry.action,
        actor_kind: entry.actor.kind,
        actor_id: entry.actor.id,
        actor_token_id: entry.actor.token,
        actor_name: entry.actor_name,
        resource_kind: entry.resource.kind,
        resource_id: entry.resource.id,
        resource_name: entry.resource.name,
        changes: to_json(&entry.changes)?,
        ip: entry.ip,
        user_agent: entry.user_agent,
        request_id: entry.request_id,
        occurred_at: entry.occurred_at,
    }
    .into_active_model())
}

/// The last moment of a TIMESTAMP on MySQL and MariaDB, 2038-01-19T03:14:07Z. The column is a `datetime(3)` and knows
/// later ones, but sqlx binds moments as TIMESTAMPs, and nothing is found below one that is none.
const LAST_OF_MYSQL: i64 = 2_147_483_647;

fn matching(backend: DbBackend, viewer: Viewer, filter: &AuditFilter) -> Select<Entity> {
    let mut select = Entity::find().filter(Column::OrgId.eq(viewer.organization.uuid()));
    if !filter.actors.is_empty() {
        select = select.filter(Column::ActorId.is_in(filter.actors.iter().map(|actor| actor.uuid())));
    }
    if !filter.actions.is_empty() {
        select = select.filter(Column::Action.is_in(&filter.actions));
    }
    if !filter.resource_types.is_empty() {
        select = select.filter(Column::ResourceKind.is_in(&filter.resource_types));
    }
    if !filter.resource_ids.is_empty() {
        select = select.filter(Column::ResourceId.is_in(filter.resource_ids.iter().copied()));
    }
    if let Some(from) = filter.from {
        select = select.filter(Column::OccurredAt.gte(from));
    }
    if let Some(to) = filter.to
        && (backend != DbBackend::MySql || to.timestamp() < LAST_OF_MYSQL)
    {
        select = select.filter(Column::OccurredAt.lt(to));
    }
    select
}

#[async_trait]
impl AuditQueries for SqlQueries {
    async fn list(
        &self,
        viewer: Viewer,
        filter: &AuditFilter,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<AuditEntryView>, StoreError> {
        let database = &self.database.replica(viewer);
        let select = matching(self.database.backend(), viewer, filter);
        let total = match request.include_total {
            true => Some(select.clone().count(database).await.stored()?),
            false => None,
        };
        let criteria = if by_moment(filter) { vec![Criterion::new(column(Column::OccurredAt), true)] } else { vec![] };
        let dated = !criteria.is_empty();
        let select = page(self.database.backend(), select, criteria, column(Column::Id), true, request);
        let rows = select.all(database).await.stored()?;
        let views = rows.into_iter().map(view).collect::<Result<_, _>>()?;
        Ok(Page::cut(views, request.limit, total, |view: &AuditEntryView| Position {
            values: if dated { vec![PositionValue::Moment(view.occurred_at)] } else { vec![] },
            id: view.id.uuid(),
        }))
    }
}

fn column(column: Column) -> SimpleExpr {
    Expr::col((Entity, column))
}

/// Ids rise with time, but where a span of time is all that is asked for, an index on the moments knows where it begins.
fn by_moment(filter: &AuditFilter) -> bool {
    let AuditFilter { actors, actions, resource_types, resource_ids, from, to } = filter;
    let all = actors.is_empty() && actions.is_empty() && resource_types.is_empty() && resource_ids.is_empty();
    all && (from.is_some() || to.is_some())
}
