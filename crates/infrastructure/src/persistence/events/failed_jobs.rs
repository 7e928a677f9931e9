//! Jobs that were given up: kept for people to look at, and handed out again when they say so.

use sea_orm::sea_query::{Expr, ExprTrait, Order};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};
use tenon_application::events::{EventRecord, FailedJob, subscribers_of};
use tenon_application::{Scope, StoreError};
use tenon_domain::Timestamp;

use super::super::entities::{event_receipt, failed_job, outbox};
use super::super::error::Stored;
use super::super::rows::from_json;
use super::super::transaction::Transaction;
use super::SqlOutbox;
use super::log::at_once;

impl SqlOutbox {
    /// Newest first.
    pub(super) async fn list_failed_jobs(&self, limit: u64) -> Result<Vec<FailedJob>, StoreError> {
        let rows = failed_job::Entity::find()
            .order_by(failed_job::Column::FailedAt, Order::Desc)
            .limit(limit)
            .all(&self.database.primary(Scope::Deployment))
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

    /// Hands every failed job out again, and forgets the failures.
    pub(super) async fn make_failed_jobs_due(&self, now: Timestamp) -> Result<u64, StoreError> {
        let transaction = self.database.begin(Scope::Deployment, None).await?;
        let failed = failed_job::Entity::find()
            .filter(failed_job::Column::FailedAt.lte(now))
            .lock_exclusive()
            .all(&transaction)
            .await
            .stored()?;
        for job in &failed {
            // The failure had been noted as a receipt, so that the event counted as handled.
            event_receipt::Entity::delete_by_id((job.event_id, job.subscriber.clone()))
                .exec(&transaction)
                .await
                .stored()?;
            // Without looking first: it may be purged between the look and the change.
            let due = outbox::Entity::update_many()
                .col_expr(outbox::Column::DueAt, Expr::val(at_once(now)))
                .col_expr(outbox::Column::Remaining, Expr::col(outbox::Column::Remaining).add(1))
                .filter(outbox::Column::Id.eq(job.event_id))
                .exec(&transaction)
                .await
                .stored()?;
            if due.rows_affected == 0 {
                self.put_back(&transaction, job, now).await?;
            }
        }
        failed_job::Entity::delete_many()
            .filter(failed_job::Column::FailedAt.lte(now))
            .exec(&transaction)
            .await
            .stored()?;
        transaction.commit().await?;
        Ok(failed.len() as u64)
    }

    /// Stores an event again that was purged since, with receipts for everybody but the subscriber that failed.
    async fn put_back(
        &self,
        transaction: &Transaction,
        job: &failed_job::Model,
        now: Timestamp,
    ) -> Result<(), StoreError> {
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
            due_at: Some(at_once(now)),
        };
        outbox::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await.stored()?;
        if !others.is_empty() {
            event_receipt::Entity::insert_many(others).exec_without_returning(transaction).await.stored()?;
        }
        Ok(())
    }
}
