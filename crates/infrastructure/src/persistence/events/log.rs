use std::collections::HashSet;

use async_trait::async_trait;
use chrono::TimeDelta;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Order, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use tenon_application::events::{Delivery, EventLog, EventReceipts, EventRecord, FailedJob, subscribers_of};
use tenon_application::{Origin, StoreError};
use tenon_domain::{DomainEvent, EventId, Timestamp};
use uuid::Uuid;

use super::super::ROWS_PER_STATEMENT;
use super::super::entities::{event_receipt, failed_job, outbox};
use super::super::error::Stored;
use super::super::rows::to_json;
use super::super::unit_of_work::SqlUnitOfWork;

/// How far the clock of the relay may be behind the one that an event was stored by, or may be set back.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::hours(1);

/// When an event is due that is to be claimed at once: before now, for clocks that are behind. But not before all
/// others: the relay takes what is due first, and new events would keep it from those whose lease has ended for as long
/// as there is a backlog.
pub(super) fn at_once(now: Timestamp) -> Timestamp {
    now - CLOCK_TOLERANCE
}

impl SqlUnitOfWork {
    /// Writes all events of this unit of work into the outbox.
    pub(in super::super) async fn store_events(&mut self) -> Result<(), StoreError> {
        let events = std::mem::take(&mut self.events);
        for some in events.chunks(ROWS_PER_STATEMENT) {
            let rows = some.iter().map(outbox_row).collect::<Result<Vec<_>, StoreError>>()?;
            let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
            outbox::Entity::insert_many(rows).exec_without_returning(&self.transaction).await.stored()?;
        }
        Ok(())
    }
}

fn outbox_row(record: &EventRecord) -> Result<outbox::Model, StoreError> {
    let subscribers = subscribers_of(&record.name).len();
    Ok(outbox::Model {
        id: record.id,
        org_id: record.organization_id,
        name: record.name.clone(),
        payload: to_json(record)?,
        remaining: i32::try_from(subscribers).unwrap_or(i32::MAX),
        deliveries: 0,
        occurred_at: record.occurred_at,
        due_at: Some(at_once(record.occurred_at)),
    })
}

#[async_trait]
impl EventLog for SqlUnitOfWork {
    async fn record(&mut self, events: Vec<DomainEvent>) -> Result<(), StoreError> {
        self.stamp(events);
        Ok(())
    }

    async fn deliver(&mut self, deliveries: Vec<(Origin, Delivery)>) -> Result<(), StoreError> {
        for (origin, delivery) in deliveries {
            self.events.push(EventRecord::delivery(
                self.ids.next_id(),
                delivery,
                self.organization,
                self.author.clone(),
                &origin,
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
        self.lock_events(&[event]).await.map(drop)
    }

    /// Locks the events until the commit, always in the order of their ids, and answers those that are there.
    async fn lock_events(&self, events: &[EventId]) -> Result<Vec<Uuid>, StoreError> {
        outbox::Entity::find()
            .select_only()
            .column(outbox::Column::Id)
            .filter(outbox::Column::Id.is_in(events.iter().map(|event| event.uuid())))
            .order_by(outbox::Column::Id, Order::Asc)
            .lock_exclusive()
            .into_tuple()
            .all(&self.transaction)
            .await
            .stored()
    }

    /// One subscriber less has to handle these events; the last one completes them.
    async fn count_down(&self, events: Vec<Uuid>) -> Result<(), StoreError> {
        // `due_at` is set first, because MySQL evaluates assignments in order.
        let last = Expr::case(Expr::col(outbox::Column::Remaining).lte(1), Expr::val(None::<Timestamp>))
            .finally(Expr::col(outbox::Column::DueAt));
        outbox::Entity::update_many()
            .col_expr(outbox::Column::DueAt, last.into())
            .col_expr(outbox::Column::Remaining, Expr::col(outbox::Column::Remaining).sub(1))
            .filter(outbox::Column::Id.is_in(events))
            .exec(&self.transaction)
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
        self.count_down(vec![event.uuid()]).await?;
        Ok(true)
    }

    async fn note_all(&mut self, events: &[EventId], subscriber: &str) -> Result<Vec<EventId>, StoreError> {
        if let [event] = events {
            let is_new = self.note(*event, subscriber).await?;
            return Ok(if is_new { vec![*event] } else { Vec::new() });
        }
        // Locked in one order: two subscribers of the same events wait for each other one way only. An event that is
        // there no more was handled by everybody.
        let stored = self.lock_events(events).await?;
        let handled: HashSet<Uuid> = event_receipt::Entity::find()
            .select_only()
            .column(event_receipt::Column::EventId)
            .filter(event_receipt::Column::Subscriber.eq(subscriber))
            .filter(event_receipt::Column::EventId.is_in(stored.iter().copied()))
            .into_tuple()
            .all(&self.transaction)
            .await
            .stored()?
            .into_iter()
            .collect();
        let new: HashSet<Uuid> = stored.into_iter().filter(|id| !handled.contains(id)).collect();
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let receipt = |event_id: &Uuid| {
            event_receipt::Model { event_id: *event_id, subscriber: subscriber.to_owned() }.into_active_model()
        };
        event_receipt::Entity::insert_many(new.iter().map(receipt))
            .exec_without_returning(&self.transaction)
            .await
            .stored()?;
        self.count_down(new.iter().copied().collect()).await?;
        Ok(events.iter().copied().filter(|event| new.contains(&event.uuid())).collect())
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
