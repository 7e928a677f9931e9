//! Running jobs: attempts, pauses between them, and a new worker when the store was away.

use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::{WorkerContext, WorkerError};
use futures::future::BoxFuture;
use rand::RngExt;
use tenon_application::ports::{Attempt, Job, JobHandler};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::QueueSettings;

const MIN_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// The jobs that run, whichever worker fetched them: they outlive a worker whose connection died.
#[derive(Clone)]
pub(super) struct Running {
    handler: Arc<dyn JobHandler>,
    attempts: u32,
    retry_pause: Duration,
    tracker: TaskTracker,
    killed: CancellationToken,
}

impl Running {
    /// The guard ends all jobs when it is dropped, so that none runs on after its runner was abandoned.
    pub(super) fn new(handler: Arc<dyn JobHandler>, settings: &QueueSettings) -> (Self, DropGuard) {
        let killed = CancellationToken::new();
        let guard = killed.clone().drop_guard();
        let running = Self {
            handler,
            attempts: settings.attempts.max(1),
            retry_pause: settings.retry_pause,
            tracker: TaskTracker::new(),
            killed,
        };
        (running, guard)
    }

    /// Runs a job on its own task. apalis always hears that it is done: what failed for good was kept by the handler.
    pub(super) async fn run(self, job: Job) {
        let tracker = self.tracker.clone();
        let killed = self.killed.clone();
        let job = tracker.spawn(async move { killed.run_until_cancelled(self.try_often(job)).await });
        if let Err(error) = job.await {
            tracing::error!(%error, "a job ended without an answer; its event is handed out again");
        }
    }

    async fn try_often(self, job: Job) {
        for number in 1..=self.attempts {
            let attempt = Attempt { number, is_last: number == self.attempts };
            match self.handler.handle(job.clone(), attempt).await {
                Ok(()) => return,
                Err(error) if error.retry && !attempt.is_last => tokio::time::sleep(self.pause(number)).await,
                Err(error) => {
                    tracing::error!(%error, key = job.key(), "a job failed; its event is handed out again");
                    return;
                }
            }
        }
    }

    /// Doubles with every attempt, and varies by a half so that what failed together is not retried together.
    fn pause(&self, attempt: u32) -> Duration {
        let doubled = self.retry_pause * 2_u32.saturating_pow(attempt - 1);
        doubled.mul_f64(rand::rng().random_range(0.5..1.5))
    }

    /// Waits for the jobs that still run.
    async fn finish(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// Runs one worker after the other until `stop`. Each has its own name: the store still knows the dead one, whose
/// jobs it hands to the next.
pub(super) async fn keep_running(
    settings: &QueueSettings,
    stop: &CancellationToken,
    running: &Running,
    start: impl Fn(WorkerContext) -> BoxFuture<'static, Result<(), WorkerError>>,
) {
    let mut pause = MIN_PAUSE;
    for generation in 1_u32.. {
        let started = Instant::now();
        let context = WorkerContext::new(&format!("{}-{generation}", settings.worker));
        let outcome = until_stopped(&context, stop, start(context.clone())).await;
        if stop.is_cancelled() {
            break;
        }
        if started.elapsed() > MAX_PAUSE {
            pause = MIN_PAUSE;
        }
        let error = outcome.err().map(|error| error.to_string());
        tracing::warn!(error, worker = context.name(), ?pause, "the job worker ended and is started again");
        let _ = tokio::time::timeout(pause, stop.cancelled()).await;
        pause = (pause * 2).min(MAX_PAUSE);
        if stop.is_cancelled() {
            break;
        }
    }
    running.finish().await;
}

async fn until_stopped(
    context: &WorkerContext,
    stop: &CancellationToken,
    mut worker: BoxFuture<'static, Result<(), WorkerError>>,
) -> Result<(), WorkerError> {
    tokio::select! {
        // The worker first: it must have been started before it can be stopped.
        biased;
        outcome = &mut worker => outcome,
        () = stop.cancelled() => {
            context.stop()?;
            worker.await
        }
    }
}

/// A worker on one of apalis's stores. A macro, because the types of the three have no trait in common that could
/// be named.
macro_rules! worker {
    ($context:expr, $backend:expr, $wake:expr, $concurrency:expr, $running:expr) => {{
        use apalis::prelude::WorkerBuilderExt as _;
        let running = $running.clone();
        let worker = apalis::prelude::WorkerBuilder::new($context)
            .backend(apalis::prelude::PollWith::new($backend, $wake.strategy()))
            .concurrency($concurrency)
            .build(move |job: tenon_application::ports::Job| {
                let running = running.clone();
                async move {
                    running.run(job).await;
                    Ok::<(), apalis::prelude::BoxDynError>(())
                }
            })
            .run();
        Box::pin(worker)
    }};
}
pub(super) use worker;
