//! What is done with the jobs.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::FutureExt;
use tenon_application::audit::AppendAuditEntry;
use tenon_application::events::{EventRecord, KeepFailedJob, subscriber};
use tenon_application::notifications::{Deliveries, DeliveryError, Notify};
use tenon_application::ports::{Attempt, Job, JobError, JobHandler, MailError};
use tenon_application::{Actor, App, AppError};
use tracing::{Instrument, Span};

/// Makes a span the child of the trace that a W3C `traceparent` names.
pub type TraceContinuation = fn(&Span, &str);

/// A job that takes longer is broken off and tried again.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The subscribers of events. Each is idempotent: it notes a receipt together with its effect.
pub struct Subscribers {
    pub app: App,
    pub deliveries: Deliveries,
    pub continue_trace: TraceContinuation,
}

#[async_trait]
impl JobHandler for Subscribers {
    async fn handle(&self, job: Job, attempt: Attempt) -> Result<(), JobError> {
        let span = span_of(&job, attempt);
        if let Some(traceparent) = &job.event.origin.traceparent {
            (self.continue_trace)(&span, traceparent);
        }
        self.observed(&job, attempt).instrument(span).await
    }
}

impl Subscribers {
    /// One metric and one log line for every attempt.
    async fn observed(&self, job: &Job, attempt: Attempt) -> Result<(), JobError> {
        let started = Instant::now();
        let outcome = self.bounded(job).await;
        let elapsed = started.elapsed();
        let label = match &outcome {
            Ok(()) => "ok",
            Err(error) if error.retry && !attempt.is_last => "retried",
            Err(_) => "failed",
        };
        let subscriber = label_of(&job.subscriber);
        metrics::counter!("queue_jobs_total", "subscriber" => subscriber, "outcome" => label).increment(1);
        metrics::histogram!("queue_job_duration_seconds", "subscriber" => subscriber).record(elapsed.as_secs_f64());
        let duration_ms = elapsed.as_secs_f64() * 1000.0;
        match (&outcome, label) {
            (Err(error), "retried") => {
                tracing::warn!(duration_ms, success = false, outcome = label, %error, "job");
            }
            (Err(error), _) => tracing::error!(duration_ms, success = false, outcome = label, %error, "job"),
            (Ok(()), _) => tracing::info!(duration_ms, success = true, outcome = label, "job"),
        }
        match outcome {
            Err(error) if label == "failed" => self.keep(job, error).await,
            outcome => outcome,
        }
    }

    /// The work itself, guarded: neither a panic nor a hanging service may take the worker with it.
    async fn bounded(&self, job: &Job) -> Result<(), JobError> {
        match tokio::time::timeout(TIMEOUT, AssertUnwindSafe(self.dispatch(job)).catch_unwind()).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(JobError::fail("the subscriber panicked")),
            Err(_) => Err(JobError::retry(format!("not done within {} s", TIMEOUT.as_secs()))),
        }
    }

    async fn dispatch(&self, job: &Job) -> Result<(), JobError> {
        let event = &job.event;
        let actor = actor_of(event);
        match job.subscriber.as_str() {
            subscriber::AUDIT => {
                self.app.execute(&actor, AppendAuditEntry { event: event.clone() }).await.map_err(from_app)
            }
            subscriber::NOTIFICATIONS => {
                self.app.execute(&actor, Notify { event: event.clone() }).await.map_err(from_app)
            }
            subscriber::EMAIL => self.deliveries.send_email(event).await.map_err(from_delivery),
            subscriber::PUSH => self.deliveries.send_push(event).await.map_err(from_delivery),
            unknown => Err(JobError::fail(format!("there is no subscriber {unknown}"))),
        }
    }

    /// Keeps a job that is given up. When even that fails, the event is not completed and will be handed out again.
    async fn keep(&self, job: &Job, error: JobError) -> Result<(), JobError> {
        let failed = KeepFailedJob {
            subscriber: job.subscriber.clone(),
            event: job.event.clone(),
            error: error.message.clone(),
        };
        let kept = self.app.execute(&actor_of(&job.event), failed).await;
        kept.map_err(|keeping| JobError::fail(format!("{error}; and it could not be kept: {keeping}")))
    }
}

fn actor_of(event: &EventRecord) -> Actor {
    Actor::system(event.organization(), event.origin())
}

fn span_of(job: &Job, attempt: Attempt) -> Span {
    let event = &job.event;
    tracing::info_span!(
        "job",
        operation = "job",
        subscriber = %job.subscriber,
        event = %event.name,
        event_id = %event.id,
        attempt = attempt.number,
        delivery = job.delivery,
        request_id = event.origin.request_id.as_deref(),
        organization_id = event.organization_id.map(tracing::field::display),
        user_id = event.actor.id.map(tracing::field::display),
        traceparent = event.origin.traceparent.as_deref(),
    )
}

/// Labels of metrics must be bounded, whatever an old or foreign job names.
fn label_of(name: &str) -> &'static str {
    [subscriber::AUDIT, subscriber::NOTIFICATIONS, subscriber::EMAIL, subscriber::PUSH]
        .into_iter()
        .find(|known| *known == name)
        .unwrap_or("unknown")
}

fn from_app(error: AppError) -> JobError {
    match error {
        AppError::Unavailable(_) | AppError::Stale => JobError::retry(error),
        _ => JobError::fail(error),
    }
}

fn from_delivery(error: DeliveryError) -> JobError {
    match error {
        DeliveryError::App(error) => from_app(error),
        DeliveryError::Mail(MailError::Unavailable(_)) => JobError::retry(error),
        DeliveryError::Mail(MailError::Refused(_)) | DeliveryError::Rendering(_) | DeliveryError::NotADelivery => {
            JobError::fail(error)
        }
    }
}
