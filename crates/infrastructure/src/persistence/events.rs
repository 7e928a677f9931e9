//! The outbox in SQL: written by units of work, read by the relay, completed by receipts.

use async_trait::async_trait;
use chrono::TimeDelta;
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, OnConflict, Order, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use tenon_application::StoreError;
use tenon_application::events::{
    Backlog, ClaimedEvent, Delivery, EventLog, EventReceipts, EventRecord, FailedJob, Outbox, subscribers_of,
};
use tenon_domain::{DomainEvent, EventId, Timestamp};
use uuid::Uuid;

use super::Database;
use super::entities::{event_receipt, failed_job, outbox};
use super::error::Stored;
use super::rows::{from_json, to_json};
use super::unit_of_work::SqlUnitOfWork;

impl SqlUnitOfWork {
    /// Writes all events of this unit of work into the outbox, in one statement.
    pub(super) async fn store_events(&mut self) -> Result<(), StoreError> {
        let rows = std::mem::take(&mut self.events)
            .into_iter()
            .map(|record| {
                let subscribers = subscribers_of(&record.name).len();
                Ok(outbox::Model {
                    id: record.id,
                    org_id: record.organization_id,
                    payload: to_json(&record)?,
                    name: record.name,
                    remaining: i32::try_from(subscribers).unwrap_or(i32::MAX),
                    deliveries: 0,
                    occurred_at: record.occurred_at,
                    due_at: Some(record.occurred_at),
                }
                .into_active_model())
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        outbox::Entity::insert_many(rows).exec_without_returning(&self.transaction).await.stored()?;
        Ok(())
    }
}

#[async_trait]
impl EventLog for SqlUnitOfWork {
    async fn record(&mut self, events: Vec<DomainEvent>) -> Result<(), StoreError> {
        self.stamp(events);
        Ok(())
    }

    async fn deliver(&mut self, deliveries: Vec<Delivery>) -> Result<(), StoreError> {
        for delivery in deliveries {
            self.events.push(EventRecord::delivery(
                self.ids.next_id(),
                delivery,
                self.organization,
                self.author.clone(),
                &self.origin,
                self.now,
            ));
        }
        Ok(())
    }
}

impl SqlUnitOfWork {
    /// On MySQL a receipt's foreign key takes a shared lock on its event. Two subscribers that both hold it and both
    /// want to count would wait for each other, so the exclusive lock is taken first.
    async fn lock_event(&self, event: EventId) -> Result<(), StoreError> {
        outbox::Entity::find_by_id(event.uuid())
            .select_only()
            .column(outbox::Column::Id)
            .lock_exclusive()
            .into_tuple::<Uuid>()
            .one(&self.transaction)
            .await
            .stored()?;
        Ok(())
    }
}

#[async_trait]
impl EventReceipts for SqlUnitOfWork {
    async fn note(&mut self, event: EventId, subscriber: &str) -> Result<bool, StoreError> {
        if self.backend == DbBackend::MySql {
            self.lock_event(event).await?;
        }
        let mut receipt = Query::insert()
            .into_table(event_receipt::Entity)
            .columns([event_receipt::Column::EventId, event_receipt::Column::Subscriber])
            .values_panic([event.uuid().into(), subscriber.into()])
            .to_owned();
        // MySQL counts a row that was left alone as affected, but unlike PostgreSQL goes on after a refused one.
        if self.backend != DbBackend::MySql {
            let pair = [event_receipt::Column::EventId, event_receipt::Column::Subscriber];
            receipt.on_conflict(OnConflict::columns(pair).do_nothing().to_owned());
        }
        match self.transaction.execute(&receipt).await.stored() {
            Ok(result) if result.rows_affected() == 0 => return Ok(false),
            Err(StoreError::Duplicate(_)) => return Ok(false),
            noted => noted?,
        };
        // `due_at` is set first, because MySQL evaluates assignments in order.
        let last = Expr::case(Expr::col(outbox::Column::Remaining).lte(1), Expr::val(None::<Timestamp>))
            .finally(Expr::col(outbox::Column::DueAt));
        outbox::Entity::update_many()
            .col_expr(outbox::Column::DueAt, last.into())
            .col_expr(outbox::Column::Remaining, Expr::col(outbox::Column::Remaining).sub(1))
            .filter(outbox::Column::Id.eq(event.uuid()))
            .exec(&self.transaction)
            .await
            .stored()?;
        Ok(true)
    }

    async fn note_failure(&mut self, failed: &FailedJob) -> Result<(), StoreError> {
        let row = failed_job::Model {
            event_id: failed.event.id,
            subscriber: failed.subscriber.clone(),
            payload: to_json(&failed.event)?,
            error: failed.error.clone(),
            failed_at: failed.failed_at,
        };
        let replace = OnConflict::columns([failed_job::Column::EventId, failed_job::Column::Subscriber])
            .update_columns([failed_job::Column::Error, failed_job::Column::FailedAt])
            .to_owned();
        failed_job::Entity::insert(row.into_active_model())
            .on_conflict(replace)
            .exec_without_returning(&self.transaction)
            .await
            .stored()?;
        Ok(())
    }
}

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
    database: Database,
}

impl SqlOutbox {
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// The subscribers that have handled these events already.
    async fn receipts(
        &self,
        transaction: &DatabaseTransaction,
        ids: &[Uuid],
    ) -> Result<Vec<(Uuid, String)>, StoreError> {
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
            .one(self.database.primary())
            .await
            .stored()?;
        if any.is_none() {
            return Ok(Vec::new());
        }
        let transaction = self.database.begin().await?;
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
        transaction.commit().await.stored()?;
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
        outbox::Entity::update_many()
            .col_expr(outbox::Column::DueAt, Expr::val(at))
            .filter(outbox::Column::Id.is_in(events.iter().map(|id| id.uuid())))
            .filter(outbox::Column::DueAt.is_not_null())
            .exec(self.database.connection())
            .await
            .stored()?;
        Ok(())
    }

    async fn is_handled(&self, event: EventId, subscriber: &str) -> Result<bool, StoreError> {
        let receipt = event_receipt::Entity::find_by_id((event.uuid(), subscriber.to_owned()))
            .one(self.database.primary())
            .await
            .stored()?;
        Ok(receipt.is_some())
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        let row: Option<(i64, Option<Timestamp>)> = outbox::Entity::find()
            .select_only()
            .column_as(outbox::Column::Id.count(), "pending")
            .column_as(outbox::Column::OccurredAt.min(), "oldest")
            .filter(outbox::Column::DueAt.is_not_null())
            .into_tuple()
            .one(self.database.primary())
            .await
            .stored()?;
        let (pending, oldest) = row.unwrap_or_default();
        let lag = oldest.and_then(|oldest| (now - oldest).to_std().ok()).unwrap_or_default();
        Ok(Backlog { pending: pending.unsigned_abs(), lag })
    }

    async fn purge(&self, completed_before: Timestamp) -> Result<u64, StoreError> {
        let purged = outbox::Entity::delete_many()
            .filter(outbox::Column::DueAt.is_null())
            .filter(outbox::Column::OccurredAt.lt(completed_before))
            .exec(self.database.connection())
            .await
            .stored()?;
        Ok(purged.rows_affected)
    }

    async fn failed_jobs(&self, limit: u64) -> Result<Vec<FailedJob>, StoreError> {
        let rows = failed_job::Entity::find()
            .order_by(failed_job::Column::FailedAt, Order::Desc)
            .limit(limit)
            .all(self.database.primary())
            .await
            .stored()?;
        rows.into_iter()
            .map(|row| {
                Ok(FailedJob {
                    subscriber: row.subscriber,
                    event: from_json(&row.payload)?,
                    error: row.error,
                    failed_at: row.failed_at,
                })
            })
            .collect()
    }

    async fn retry_failed_jobs(&self, now: Timestamp) -> Result<u64, StoreError> {
        let transaction = self.database.begin().await?;
        let failed = failed_job::Entity::find().lock_exclusive().all(&transaction).await.stored()?;
        for job in &failed {
            // The failure had been noted as a receipt, so that the event counted as handled.
            event_receipt::Entity::delete_by_id((job.event_id, job.subscriber.clone()))
                .exec(&transaction)
                .await
                .stored()?;
            if outbox::Entity::find_by_id(job.event_id).count(&transaction).await.stored()? == 0 {
                self.put_back(&transaction, job).await?;
            } else {
                outbox::Entity::update_many()
                    .col_expr(outbox::Column::DueAt, Expr::val(now))
                    .col_expr(outbox::Column::Remaining, Expr::col(outbox::Column::Remaining).add(1))
                    .filter(outbox::Column::Id.eq(job.event_id))
                    .exec(&transaction)
                    .await
                    .stored()?;
            }
        }
        failed_job::Entity::delete_many().exec(&transaction).await.stored()?;
        transaction.commit().await.stored()?;
        Ok(failed.len() as u64)
    }
}

impl SqlOutbox {
    /// Stores an event again that was purged since, with receipts for everybody but the subscriber that failed.
    async fn put_back(&self, transaction: &DatabaseTransaction, job: &failed_job::Model) -> Result<(), StoreError> {
        let record: EventRecord = from_json(&job.payload)?;
        let others: Vec<_> = subscribers_of(&record.name)
            .iter()
            .filter(|name| **name != job.subscriber)
            .map(|name| {
                event_receipt::Model { event_id: record.id, subscriber: (*name).to_owned() }.into_active_model()
            })
            .collect();
        let row = outbox::Model {
            id: record.id,
            org_id: record.organization_id,
            payload: job.payload.clone(),
            name: record.name,
            remaining: 1,
            deliveries: 1,
            occurred_at: record.occurred_at,
            due_at: Some(record.occurred_at),
        };
        outbox::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await.stored()?;
        if !others.is_empty() {
            event_receipt::Entity::insert_many(others).exec_without_returning(transaction).await.stored()?;
        }
        Ok(())
    }
}
