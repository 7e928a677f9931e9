//! Jobs, and a worker that notes which of them it ran.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tenon_application::events::{EventRecord, subscriber};
use tenon_application::ports::{Attempt, Job, JobError, JobHandler};
use tenon_application::samples::event;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::places::Queue;

/// Long enough for heartbeats to be missed on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// A job like no other, with text that a store could mangle.
pub(crate) fn job() -> Job {
    let mut event = EventRecord { id: Uuid::now_v7(), ..event() };
    event.subject.name = "Åsa \"O'Neill\" 🦀".to_owned();
    Job::new(subscriber::AUDIT, 1, event)
}

pub(crate) fn jobs(count: usize) -> Vec<Job> {
    (0..count).map(|_| job()).collect()
}

type Runs = Arc<Mutex<Vec<(Job, Attempt)>>>;

/// Notes what runs; what becomes of it is up to `answer`.
struct Recorder<F> {
    runs: Runs,
    answer: F,
}

#[async_trait]
impl<F, W> JobHandler for Recorder<F>
where
    F: Fn(Attempt) -> W + Send + Sync,
    W: Future<Output = Result<(), JobError>> + Send,
{
    async fn handle(&self, job: Job, attempt: Attempt) -> Result<(), JobError> {
        self.runs.lock().unwrap().push((job, attempt));
        (self.answer)(attempt).await
    }
}

/// A worker that runs in the background.
pub(crate) struct Worker {
    runs: Runs,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Worker {
    pub(crate) fn start<W>(queue: Arc<dyn Queue>, answer: impl Fn(Attempt) -> W + Send + Sync + 'static) -> Self
    where
        W: Future<Output = Result<(), JobError>> + Send + 'static,
    {
        let runs = Runs::default();
        let stop = CancellationToken::new();
        let handler = Arc::new(Recorder { runs: Arc::clone(&runs), answer });
        let stopped = stop.clone();
        let task = tokio::spawn(async move { queue.run(handler, 4, stopped).await.unwrap() });
        Self { runs, stop, task }
    }

    pub(crate) fn succeeding(queue: Arc<dyn Queue>) -> Self {
        Self::start(queue, |_| async { Ok(()) })
    }

    pub(crate) fn count(&self) -> usize {
        self.runs.lock().unwrap().len()
    }

    pub(crate) async fn has_run(&self, count: usize) {
        let enough = async {
            while self.count() < count {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(PATIENCE, enough).await.unwrap_or_else(|_| panic!("{} of {count} jobs ran", self.count()));
    }

    /// As if its process was killed.
    pub(crate) fn kill(self) {
        self.task.abort();
    }

    /// Answers what it ran.
    pub(crate) async fn stop(self) -> Vec<(Job, Attempt)> {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.expect("the runner stops").unwrap();
        std::mem::take(&mut *self.runs.lock().unwrap())
    }
}
