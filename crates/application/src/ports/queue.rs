use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::events::EventRecord;

/// One subscriber's work on one event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The name of the subscriber.
    pub subscriber: String,
    /// The how-manieth time the relay hands the event out, from 1.
    pub delivery: u32,
    pub event: EventRecord,
}

impl Job {
    /// Pushing two jobs with the same key is the same as pushing one.
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
