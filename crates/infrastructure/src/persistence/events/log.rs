use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use tenon_application::StoreError;
use tenon_application::events::{Delivery, EventLog, EventReceipts, EventRecord, FailedJob, subscribers_of};
use tenon_domain::{DomainEvent, EventId, Timestamp};
use uuid::Uuid;

use super::super::entities::{event_receipt, failed_job, outbox};
use super::super::error::Stored;
use super::super::rows::to_json;
use super::super::unit_of_work::SqlUnitOfWork;

impl SqlUnitOfWork {
    /// Writes all events of this unit of work into the outbox, in one statement.
    pub(in super::super) async fn store_events(&mut self) -> Result<(), StoreError> {
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
