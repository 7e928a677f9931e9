use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::events::EventRecord;

/// One subscriber's work on one event, or on a bundle of events that it handles together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The name of the subscriber.
    pub subscriber: String,
    /// The how-manieth time the relay hands the event out, from 1.
    pub delivery: u32,
    pub event: EventRecord,
    /// The other events of a bundle, all of the same organization. A version that does not know of bundles handles the
    /// first event; the relay then hands out the others again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<EventRecord>,
}

impl Job {
    pub fn new(subscriber: impl Into<String>, delivery: u32, event: EventRecord) -> Self {
        Self { subscriber: subscriber.into(), delivery, event, more: Vec::new() }
    }

    pub fn is_bundle(&self) -> bool {
        !self.more.is_empty()
    }

    /// All events, in order.
    pub fn events(&self) -> impl Iterator<Item = &EventRecord> {
        std::iter::once(&self.event).chain(&self.more)
    }

    /// The same work as jobs of one event each.
    pub fn alone(&self) -> impl Iterator<Item = Job> {
        self.events().map(|event| Job::new(self.subscriber.clone(), self.delivery, event.clone()))
    }

    /// Pushing two jobs with the same key is the same as pushing one. No two bundles begin with the same event in the
    /// same delivery, so the first event names the bundle.
    pub fn key(&self) -> String {
        format!("{}:{}:{}", self.event.id, self.subscriber, self.delivery)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("job queue: {0}")]
pub struct QueueError(pub String);

/// The queue between the relay and the subscribers: the relay's end.
#[async_trait]
pub trait JobQueue: Send + Sync {
    /// Pushes all jobs, in order, in as few round trips as the store allows.
    async fn push(&self, jobs: Vec<Job>) -> Result<(), QueueError>;
    /// How many jobs wait for a worker. May stop counting at a few thousand.
    async fn depth(&self) -> Result<u64, QueueError>;
}

/// Why a job did not succeed, and whether trying again may help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JobError {
    pub retry: bool,
    pub message: String,
}

impl JobError {
    pub fn retry(cause: impl ToString) -> Self {
        Self { retry: true, message: cause.to_string() }
    }

    pub fn fail(cause: impl ToString) -> Self {
        Self { retry: false, message: cause.to_string() }
    }
}

/// Which try of a job this is. The runner counts, so that retries happen in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// There is no next one: the handler is the last to know of a failure.
    pub is_last: bool,
}

/// What is done with a job.
#[async_trait]
pub trait JobHandler: Send + Sync {
    /// An error that says `retry` gets the job another attempt, after a pause, unless this was the last.
    async fn handle(&self, job: Job, attempt: Attempt) -> Result<(), JobError>;
}

/// The queue between the relay and the subscribers: the workers' end.
#[async_trait]
pub trait JobRunner: Send + Sync {
    /// Runs jobs, `concurrency` at a time, until `stop`; then finishes those that run. A job whose worker dies is
    /// handed to another one.
    async fn run(
        &self,
        handler: Arc<dyn JobHandler>,
        concurrency: usize,
        stop: CancellationToken,
    ) -> Result<(), QueueError>;
    /// Forgets finished jobs. Answers how many.
    async fn vacuum(&self) -> Result<u64, QueueError>;
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::events::subscriber;
    use crate::samples::event;

    #[test]
    fn a_job_is_written_and_read_as_before_there_were_bundles() {
        let event = event();
        let single = Job::new(subscriber::AUDIT, 2, event.clone());
        let old = serde_json::json!({ "subscriber": "audit", "delivery": 2, "event": event });
        assert_eq!(serde_json::to_value(&single).unwrap(), old);
        assert_eq!(serde_json::from_value::<Job>(old).unwrap(), single);

        let second = EventRecord { id: Uuid::from_u128(70), ..event.clone() };
        let bundle = Job { more: vec![second.clone()], ..single.clone() };
        let read: Job = serde_json::from_value(serde_json::to_value(&bundle).unwrap()).unwrap();
        assert_eq!(read, bundle);
        assert_eq!(bundle.key(), single.key());
        let alone: Vec<Job> = bundle.alone().collect();
        assert_eq!(alone, [single, Job::new(subscriber::AUDIT, 2, second)]);
    }
}
