//! What is done with the jobs.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::TimeDelta;
use futures::FutureExt;
use tenon_application::audit::AppendAuditEntries;
use tenon_application::events::{EventRecord, KeepFailedJob, subscriber};
use tenon_application::notifications::{Deliveries, DeliveryError, Notify};
use tenon_application::ports::{Attempt, Job, JobError, JobHandler, MailError};
use tenon_application::{Actor, App, AppError};
use tenon_domain::Timestamp;
use tracing::{Instrument, Span};

/// Makes a span the child of the trace that a W3C `traceparent` names.
pub type TraceContinuation = fn(&Span, &str);

/// A job that takes longer is broken off and tried again.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How old an event may get before a job that might still succeed is given up. Until then the relay hands it out
/// again, so that no outage shorter than this needs anybody's attention.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::hours(24);

/// The subscribers of events. Each is idempotent: it notes a receipt together with its effect.
pub struct Subscribers {
    pub app: App,
    pub deliveries: Deliveries,
    pub continue_trace: TraceContinuation,
}

#[async_trait]
impl JobHandler for Subscribers {
    async fn handle(&self, job: Job, attempt: Attempt) -> Result<(), JobError> {
        // While the database is away no attempt can succeed; those there are would be used up in seconds.
        self.app.availability.regained().await;
        let span = self.span(&job, attempt);
        observed(self, &job, attempt, self.app.clock.now()).instrument(span).await
    }
}

/// What the guard around every attempt calls.
#[async_trait]
trait Effects: Send + Sync {
    async fn react(&self, job: &Job) -> Result<(), JobError>;
    /// Keeps a job that is given up.
    async fn keep(&self, job: &Job, error: &JobError) -> Result<(), AppError>;
    fn span(&self, job: &Job, attempt: Attempt) -> Span;
}

/// Does a job. A bundle that fails for another reason than that something was away is done event by event, so that
/// the one that is to blame fails alone.
async fn observed(effects: &dyn Effects, job: &Job, attempt: Attempt, now: Timestamp) -> Result<(), JobError> {
    let started = Instant::now();
    let outcome = bounded(effects, job).await;
    match outcome {
        Err(error) if job.is_bundle() && (!error.retry || attempt.is_last) => {
            tracing::warn!(%error, events = job.events().count(), "a bundle failed; its events are handled one by one");
            one_by_one(effects, job, attempt, now).await
        }
        outcome => conclude(effects, job, attempt, now, outcome, started.elapsed()).await,
    }
}

/// The worst of what happened is what the runner hears: it tries the bundle again if one event may still succeed.
/// Those that did have receipts.
async fn one_by_one(effects: &dyn Effects, job: &Job, attempt: Attempt, now: Timestamp) -> Result<(), JobError> {
    let mut worst = Ok(());
    for alone in job.alone() {
        let started = Instant::now();
        let run = async {
            let outcome = bounded(effects, &alone).await;
            conclude(effects, &alone, attempt, now, outcome, started.elapsed()).await
        };
        if let Err(error) = run.instrument(effects.span(&alone, attempt)).await {
            match &worst {
                Err(JobError { retry: true, .. }) => {}
                _ => worst = Err(error),
            }
        }
    }
    worst
}

/// One metric and one log line for every attempt; what is given up is kept.
async fn conclude(
    effects: &dyn Effects,
    job: &Job,
    attempt: Attempt,
    now: Timestamp,
    outcome: Result<(), JobError>,
    elapsed: Duration,
) -> Result<(), JobError> {
    let label = match &outcome {
        Ok(()) => "ok",
        Err(error) if error.retry && !attempt.is_last => "retried",
        // Without a receipt, the relay hands the event out again once its lease ends.
        Err(error) if error.retry && now - job.event.occurred_at < GIVEN_UP_AFTER => "deferred",
        Err(_) => "failed",
    };
    let subscriber = label_of(&job.subscriber);
    metrics::counter!("queue_jobs_total", "subscriber" => subscriber, "outcome" => label)
        .increment(job.events().count() as u64);
    metrics::histogram!("queue_job_duration_seconds", "subscriber" => subscriber).record(elapsed.as_secs_f64());
    let duration_ms = elapsed.as_secs_f64() * 1000.0;
    match (&outcome, label) {
        (Err(error), "retried" | "deferred") => {
            tracing::warn!(duration_ms, success = false, outcome = label, %error, "job");
        }
        (Err(error), _) => tracing::error!(duration_ms, success = false, outcome = label, %error, "job"),
        // The operation has its own line already.
        (Ok(()), _) => tracing::debug!(duration_ms, success = true, outcome = label, "job"),
    }
    match outcome {
        // When even keeping fails, the event is not completed and will be handed out again.
        Err(error) if label == "failed" => effects
            .keep(job, &error)
            .await
            .map_err(|keeping| JobError::fail(format!("{error}; and it could not be kept: {keeping}"))),
        outcome => outcome,
    }
}

/// The work itself, guarded: neither a panic nor a hanging service may take the worker with it.
async fn bounded(effects: &dyn Effects, job: &Job) -> Result<(), JobError> {
    match tokio::time::timeout(TIMEOUT, AssertUnwindSafe(effects.react(job)).catch_unwind()).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(JobError::fail("the subscriber panicked")),
        Err(_) => Err(JobError::retry(format!("not done within {} s", TIMEOUT.as_secs()))),
    }
}

#[async_trait]
impl Effects for Subscribers {
    async fn react(&self, job: &Job) -> Result<(), JobError> {
        let event = &job.event;
        let actor = actor_of(event);
        if job.more.iter().any(|other| other.organization_id != event.organization_id) {
            return Err(JobError::fail("a bundle of several organizations"));
        }
        let events = || job.events().cloned().collect::<Vec<_>>();
        match job.subscriber.as_str() {
            subscriber::AUDIT => {
                self.app.execute(&actor, AppendAuditEntries { events: events() }).await.map_err(from_app)
            }
            subscriber::NOTIFICATIONS => self.app.execute(&actor, Notify { events: events() }).await.map_err(from_app),
            subscriber::EMAIL => self.deliveries.send_emails(&events()).await.map_err(from_delivery),
            subscriber::PUSH => self.deliveries.send_pushes(&events()).await.map_err(from_delivery),
            unknown => Err(JobError::fail(format!("there is no subscriber {unknown}"))),
        }
    }

    async fn keep(&self, job: &Job, error: &JobError) -> Result<(), AppError> {
        let failed = KeepFailedJob {
            subscriber: job.subscriber.clone(),
            event: job.event.clone(),
            error: error.message.clone(),
        };
        self.app.execute(&actor_of(&job.event), failed).await
    }

    fn span(&self, job: &Job, attempt: Attempt) -> Span {
        let span = span_of(job, attempt);
        // A bundle belongs to as many traces as it has events.
        if let (Some(traceparent), false) = (&job.event.origin.traceparent, job.is_bundle()) {
            (self.continue_trace)(&span, traceparent);
        }
        span
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
        events = job.events().count(),
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
        AppError::Unavailable(_) | AppError::UnavailableFor { .. } | AppError::Stale => JobError::retry(error),
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tenon_application::samples::event;

    use super::*;

    /// Poisons whatever holds this event.
    const POISON: uuid::Uuid = uuid::Uuid::from_u128(666);

    /// Answers every job the same, and notes what is kept.
    struct Fake {
        outcome: fn() -> Result<(), JobError>,
        store: Result<(), AppError>,
        kept: Mutex<Vec<String>>,
    }

    #[async_trait]
    impl Effects for Fake {
        async fn react(&self, _: &Job) -> Result<(), JobError> {
            (self.outcome)()
        }

        async fn keep(&self, _: &Job, error: &JobError) -> Result<(), AppError> {
            self.kept.lock().unwrap().push(error.message.clone());
            self.store.clone()
        }

        fn span(&self, job: &Job, attempt: Attempt) -> Span {
            span_of(job, attempt)
        }
    }

    /// Fails on the poison, and notes what was done with how many events at a time.
    struct Poisoned {
        poison: fn() -> Result<(), JobError>,
        done: Mutex<Vec<usize>>,
        kept: Mutex<Vec<uuid::Uuid>>,
    }

    #[async_trait]
    impl Effects for Poisoned {
        async fn react(&self, job: &Job) -> Result<(), JobError> {
            if job.events().any(|event| event.id == POISON) {
                return (self.poison)();
            }
            self.done.lock().unwrap().push(job.events().count());
            Ok(())
        }

        async fn keep(&self, job: &Job, _: &JobError) -> Result<(), AppError> {
            assert!(!job.is_bundle(), "only what failed is kept");
            self.kept.lock().unwrap().push(job.event.id);
            Ok(())
        }

        fn span(&self, job: &Job, attempt: Attempt) -> Span {
            span_of(job, attempt)
        }
    }

    fn job() -> Job {
        Job::new(subscriber::AUDIT, 1, event())
    }

    async fn run_bundle(
        poison: fn() -> Result<(), JobError>,
        is_last: bool,
    ) -> (Result<(), JobError>, Vec<usize>, Vec<uuid::Uuid>) {
        let mut job = job();
        for id in [uuid::Uuid::from_u128(1), POISON, uuid::Uuid::from_u128(2)] {
            job.more.push(EventRecord { id, ..event() });
        }
        let effects = Poisoned { poison, done: Mutex::default(), kept: Mutex::default() };
        let answer = observed(&effects, &job, Attempt { number: 1, is_last }, job.event.occurred_at).await;
        (answer, effects.done.into_inner().unwrap(), effects.kept.into_inner().unwrap())
    }

    #[tokio::test]
    async fn a_poisonous_event_fails_alone() {
        for poison in [(|| Err(JobError::fail("refused"))) as fn() -> _, || panic!("a defect")] {
            assert_eq!(run_bundle(poison, false).await, (Ok(()), vec![1, 1, 1], vec![POISON]));
        }
    }

    #[tokio::test]
    async fn a_bundle_waits_for_what_is_away_as_one_and_is_taken_apart_at_the_end() {
        let away = || Err(JobError::retry("away"));
        assert_eq!(run_bundle(away, false).await, (Err(JobError::retry("away")), vec![], vec![]));
        assert_eq!(run_bundle(away, true).await, (Err(JobError::retry("away")), vec![1, 1, 1], vec![]));
    }

    async fn run(outcome: fn() -> Result<(), JobError>, is_last: bool) -> (Result<(), JobError>, Vec<String>) {
        run_with(outcome, is_last, TimeDelta::zero(), Ok(())).await
    }

    async fn run_with(
        outcome: fn() -> Result<(), JobError>,
        is_last: bool,
        age: TimeDelta,
        store: Result<(), AppError>,
    ) -> (Result<(), JobError>, Vec<String>) {
        let fake = Fake { outcome, store, kept: Mutex::default() };
        let job = job();
        let answer = observed(&fake, &job, Attempt { number: 1, is_last }, job.event.occurred_at + age).await;
        (answer, fake.kept.into_inner().unwrap())
    }

    #[tokio::test]
    async fn nothing_is_kept_of_a_job_that_succeeds_or_has_another_attempt() {
        assert_eq!(run(|| Ok(()), true).await, (Ok(()), vec![]));
        let away = || Err(JobError::retry("away"));
        assert_eq!(run(away, false).await, (Err(JobError::retry("away")), vec![]));
    }

    #[tokio::test]
    async fn a_job_is_kept_when_retrying_is_useless() {
        assert_eq!(run(|| Err(JobError::fail("refused")), false).await, (Ok(()), vec!["refused".to_owned()]));
        assert_eq!(run(|| Err(JobError::fail("refused")), true).await, (Ok(()), vec!["refused".to_owned()]));
    }

    #[tokio::test]
    async fn what_may_pass_is_left_to_the_relay_for_a_day() {
        let away = || Err(JobError::retry("away"));
        let millisecond = TimeDelta::milliseconds(1);
        for age in [TimeDelta::zero(), GIVEN_UP_AFTER - millisecond] {
            assert_eq!(run_with(away, true, age, Ok(())).await, (Err(JobError::retry("away")), vec![]), "{age}");
        }
        assert_eq!(run_with(away, true, GIVEN_UP_AFTER, Ok(())).await, (Ok(()), vec!["away".to_owned()]));
        let earlier = run_with(away, false, GIVEN_UP_AFTER, Ok(())).await;
        assert_eq!(earlier, (Err(JobError::retry("away")), vec![]), "all attempts are made");
    }

    #[tokio::test]
    async fn a_panic_is_a_failure_like_any_other() {
        let (answer, kept) = run(|| panic!("a defect"), false).await;
        assert_eq!((answer, kept), (Ok(()), vec!["the subscriber panicked".to_owned()]));
    }

    #[tokio::test]
    async fn a_job_that_cannot_be_kept_is_not_reported_as_done() {
        let store = Err(AppError::Unavailable("gone".to_owned()));
        let (answer, _) = run_with(|| Err(JobError::fail("refused")), false, TimeDelta::zero(), store).await;
        assert!(!answer.unwrap_err().retry);
    }

    #[test]
    fn only_what_may_pass_is_retried() {
        assert!(from_app(AppError::Unavailable("gone".to_owned())).retry);
        assert!(from_app(AppError::Stale).retry);
        assert!(!from_app(AppError::Internal("a defect".to_owned())).retry);
        assert!(from_delivery(MailError::Unavailable("greylisted".to_owned()).into()).retry);
        assert!(from_delivery(DeliveryError::App(AppError::Stale)).retry);
        assert!(!from_delivery(MailError::Refused("no such address".to_owned()).into()).retry);
        assert!(!from_delivery(DeliveryError::Rendering("no template".to_owned())).retry);
    }

    #[test]
    fn a_metric_never_carries_a_name_from_outside() {
        assert_eq!(label_of(subscriber::EMAIL), "email");
        assert_eq!(label_of("x' OR 1=1"), "unknown");
    }
}
