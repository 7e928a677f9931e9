//! The audit trail. The database refuses changes to it; see the migration.

use async_trait::async_trait;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, Select};
use tenon_application::audit::{AuditEntryView, AuditFilter, AuditQueries, AuditRepository};
use tenon_application::events::{ActorRecord, SubjectRecord};
use tenon_application::{Page, PageRequest, StoreError, Unsorted, Viewer};
use tenon_domain::OrganizationId;

use super::SqlQueries;
use super::entities::audit_entry::{Column, Entity, Model};
use super::error::Stored;
use super::keyset::{at_id, page};
use super::rows::{from_json, to_json};
use super::unit_of_work::SqlUnitOfWork;

fn view(row: Model) -> Result<AuditEntryView, StoreError> {
    Ok(AuditEntryView {
        id: row.id.into(),
        action: row.action,
        actor: ActorRecord { kind: row.actor_kind, id: row.actor_id },
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
    async fn append(&mut self, entry: AuditEntryView) -> Result<(), StoreError> {
        let row = Model {
            id: entry.id.uuid(),
            org_id: self.organization.map(OrganizationId::uuid),
            action: entry.action,
            actor_kind: entry.actor.kind,
            actor_id: entry.actor.id,
            actor_name: entry.actor_name,
            resource_kind: entry.resource.kind,
            resource_id: entry.resource.id,
            resource_name: entry.resource.name,
            changes: to_json(&entry.changes)?,
            ip: entry.ip,
            user_agent: entry.user_agent,
            request_id: entry.request_id,
            occurred_at: entry.occurred_at,
        };
        Entity::insert(row.into_active_model()).exec_without_returning(&self.transaction).await.stored()?;
        Ok(())
    }
}

fn matching(viewer: Viewer, filter: &AuditFilter) -> Select<Entity> {
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
    if let Some(to) = filter.to {
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
        let database = self.database.replica();
        let select = matching(viewer, filter);
        let total = match request.include_total {
            true => Some(select.clone().count(database).await.stored()?),
            false => None,
        };
        let id = Expr::col((Entity, Column::Id));
        let rows = page(select, vec![], id, true, request).all(database).await.stored()?;
        let views = rows.into_iter().map(view).collect::<Result<_, _>>()?;
        Ok(Page::cut(views, request.limit, total, |view: &AuditEntryView| at_id(view.id.uuid())))
    }
}
