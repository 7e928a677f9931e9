//! What is remembered so that it is done once, in memory.

use async_trait::async_trait;
use tenon_domain::{EventId, UserId};

use super::unit::MemoryUnit;
use crate::events::{EventReceipts, FailedJob};
use crate::idempotency::IdempotencyLedger;
use crate::unit_of_work::StoreError;

#[async_trait]
impl EventReceipts for MemoryUnit {
    async fn note(&mut self, event: EventId, subscriber: &str) -> Result<bool, StoreError> {
        let receipt = (event.uuid(), subscriber.to_owned());
        let new = !self.data.receipts.contains(&receipt);
        if new {
            self.data.receipts.push(receipt);
        }
        Ok(new)
    }

    async fn note_all(&mut self, events: &[EventId], subscriber: &str) -> Result<Vec<EventId>, StoreError> {
        let mut new = Vec::new();
        for event in events {
            if self.note(*event, subscriber).await? {
                new.push(*event);
            }
        }
        Ok(new)
    }

    async fn note_failure(&mut self, failed: &FailedJob) -> Result<(), StoreError> {
        self.data.failed_jobs.push(failed.clone());
        Ok(())
    }
}

#[async_trait]
impl IdempotencyLedger for MemoryUnit {
    async fn mark_committed(&mut self, user: UserId, key: &str) -> Result<(), StoreError> {
        self.data.committed_keys.push((user, key.to_owned()));
        Ok(())
    }
}
