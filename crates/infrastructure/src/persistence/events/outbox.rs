use async_trait::async_trait;
use chrono::TimeDelta;
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, Order};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tenon_application::events::{Backlog, ClaimedEvent, EventRecord, FailedJob, Outbox, subscribers_of};
use tenon_application::{Scope, StoreError};
use tenon_domain::{EventId, Timestamp};
use uuid::Uuid;

use super::super::entities::{event_receipt, outbox};
use super::super::error::Stored;
use super::super::rows::from_json;
use super::super::transaction::Transaction;
use super::super::{Database, purge};

/// How long an event is left alone that this version cannot read: during an upgrade, one of a newer version.
const UNREADABLE_LEASE: TimeDelta = TimeDelta::hours(1);

/// The events that can be read, and the ids of those that cannot: one of them must not hold up all others.
fn decode(rows: Vec<outbox::Model>) -> (Vec<(outbox::Model, EventRecord)>, Vec<Uuid>) {
    let (mut readable, mut unreadable) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        match from_json(&row.payload) {
            Ok(record) => readable.push((row, record)),
            Err(error) => {
                tracing::error!(event_id = %row.id, event = row.name, %error, "an event cannot be read; it is left for later");
                unreadable.push(row.id);
            }
        }
    }
    (readable, unreadable)
}

/// The outbox as the relay and operators see it, across tenants.
#[derive(Clone)]
pub struct SqlOutbox {
    pub(super) database: Database,
}

impl SqlOutbox {
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// The subscribers that have handled these events already.
    async fn receipts(&self, transaction: &Transaction, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>, StoreError> {
        event_receipt::Entity::find()
            .select_only()
            .columns([event_receipt::Column::EventId, event_receipt::Column::Subscriber])
            .filter(event_receipt::Column::EventId.is_in(ids.iter().copied()))
            .into_tuple()
            .all(transaction)
            .await
            .stored()
    }
}

#[async_trait]
impl Outbox for SqlOutbox {
    async fn claim(&self, now: Timestamp, due_again: Timestamp, limit: u64) -> Result<Vec<ClaimedEvent>, StoreError> {
        // Looking first, without a lock: an idle relay must not write.
        let due = outbox::Column::DueAt.lte(now);
        let any = outbox::Entity::find()
            .select_only()
            .column(outbox::Column::Id)
            .filter(due.clone())
            .limit(1)
            .into_tuple::<Uuid>()
            .one(&self.database.primary(Scope::Deployment))
            .await
            .stored()?;
        if any.is_none() {
            return Ok(Vec::new());
        }
        let transaction = self.database.begin(Scope::Deployment, None).await?;
        let rows = outbox::Entity::find()
            .filter(due)
            .order_by(outbox::Column::DueAt, Order::Asc)
            .order_by(outbox::Column::Id, Order::Asc)
            .limit(limit)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .all(&transaction)
            .await
            .stored()?;
        let (readable, unreadable) = decode(rows);
        if !unreadable.is_empty() {
            outbox::Entity::update_many()
                .col_expr(outbox::Column::DueAt, Expr::val(now + UNREADABLE_LEASE))
                .filter(outbox::Column::Id.is_in(unreadable))
                .exec(&transaction)
                .await
                .stored()?;
        }
        // Most events are claimed for the first time, and have no receipts to ask for.
        let claimed_before: Vec<Uuid> =
            readable.iter().filter(|(row, _)| row.deliveries > 0).map(|(row, _)| row.id).collect();
        let receipts = match claimed_before.as_slice() {
            [] => Vec::new(),
            ids => self.receipts(&transaction, ids).await?,
        };
        outbox::Entity::update_many()
            .col_expr(outbox::Column::DueAt, Expr::val(due_again))
            .col_expr(outbox::Column::Deliveries, Expr::col(outbox::Column::Deliveries).add(1))
            .filter(outbox::Column::Id.is_in(readable.iter().map(|(row, _)| row.id)))
            .exec(&transaction)
            .await
            .stored()?;
        transaction.commit().await?;
        let claimed = readable.into_iter().map(|(row, record)| {
            let subscribers = subscribers_of(&record.name)
                .iter()
                .filter(|name| !receipts.iter().any(|(id, done)| *id == row.id && done == **name))
                .map(|name| (*name).to_owned())
                .collect();
            let delivery = u32::try_from(row.deliveries).unwrap_or_default() + 1;
            ClaimedEvent { record, delivery, subscribers }
        });
        Ok(claimed.collect())
    }

    async fn postpone(&self, events: &[EventId], at: Timestamp) -> Result<(), StoreError> {
        let transaction = self.database.begin(Scope::Deployment, None).await?;
        outbox::Entity::update_many()
            .col_expr(outbox::Column::DueAt, Expr::val(at))
            .filter(outbox::Column::Id.is_in(events.iter().map(|id| id.uuid())))
            .filter(outbox::Column::DueAt.is_not_null())
            .exec(&transaction)
            .await
            .stored()?;
        transaction.commit().await
    }

    async fn unhandled(&self, events: &[EventId], subscriber: &str) -> Result<Vec<EventId>, StoreError> {
        let handled: Vec<Uuid> = event_receipt::Entity::find()
            .select_only()
            .column(event_receipt::Column::EventId)
            .filter(event_receipt::Column::Subscriber.eq(subscriber))
            .filter(event_receipt::Column::EventId.is_in(events.iter().map(|event| event.uuid())))
            .into_tuple()
            .all(&self.database.primary(Scope::Deployment))
            .await
            .stored()?;
        Ok(events.iter().copied().filter(|event| !handled.contains(&event.uuid())).collect())
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        let row: Option<(i64, Option<Timestamp>)> = outbox::Entity::find()
            .select_only()
            .column_as(outbox::Column::Id.count(), "pending")
            .column_as(outbox::Column::OccurredAt.min(), "oldest")
            .filter(outbox::Column::DueAt.is_not_null())
            .into_tuple()
            .one(&self.database.primary(Scope::Deployment))
            .await
            .stored()?;
        let (pending, oldest) = row.unwrap_or_default();
        let lag = oldest.and_then(|oldest| (now - oldest).to_std().ok()).unwrap_or_default();
        Ok(Backlog { pending: pending.unsigned_abs(), lag })
    }

    async fn purge(&self, completed_before: Timestamp) -> Result<u64, StoreError> {
        let completed = outbox::Entity::find()
            .select_only()
            .column(outbox::Column::Id)
            .filter(outbox::Column::DueAt.is_null())
            .filter(outbox::Column::OccurredAt.lt(completed_before));
        let forget = |ids: Vec<Uuid>| {
            // Those of failed jobs that were made due again since are kept.
            outbox::Entity::delete_many().filter(outbox::Column::Id.is_in(ids)).filter(outbox::Column::DueAt.is_null())
        };
        purge::in_batches(&self.database, completed, forget).await
    }

    async fn failed_jobs(&self, limit: u64) -> Result<Vec<FailedJob>, StoreError> {
        self.list_failed_jobs(limit).await
    }

    async fn retry_failed_jobs(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.make_failed_jobs_due(now).await
    }
}
