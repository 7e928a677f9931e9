//! Moving events from the outbox to the queue.

use std::sync::Arc;
use std::time::Duration;

use tenon_application::StoreError;
use tenon_application::events::{ClaimedEvent, Outbox};
use tenon_application::ports::{Clock, Job, JobQueue, QueueError, RelayBell};
use tenon_domain::{EventId, Timestamp};
use tokio_util::sync::CancellationToken;

/// How the relay goes about it.
#[derive(Clone, Copy, Debug)]
pub struct RelaySettings {
    /// How often it looks for events that nobody rang for.
    pub poll: Duration,
    /// How many events it claims at once.
    pub batch: u64,
    /// When an event is claimed again whose relay died before it pushed.
    pub push_within: Duration,
    /// When an event is handed out again whose receipts have not arrived.
    pub redeliver_after: Duration,
    /// How often the metrics of the backlog are refreshed.
    pub measure_every: Duration,
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(500),
            batch: 200,
            push_within: Duration::from_secs(5),
            redeliver_after: Duration::from_secs(120),
            measure_every: Duration::from_secs(5),
        }
    }
}

const MIN_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Claims events and pushes one job per subscriber. Several relays share the work: an event is claimed by one.
pub struct Relay {
    pub outbox: Arc<dyn Outbox>,
    pub queue: Arc<dyn JobQueue>,
    pub bell: Arc<dyn RelayBell>,
    pub clock: Arc<dyn Clock>,
    pub settings: RelaySettings,
}

#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl Relay {
    /// Runs until `stop`. Whatever goes wrong is logged and tried again.
    pub async fn run(self, stop: CancellationToken) {
        tokio::select! {
            () = self.relay(&stop) => {}
            () = self.measure() => {}
        }
    }

    async fn relay(&self, stop: &CancellationToken) {
        let mut failures = 0;
        while !stop.is_cancelled() {
            let pause = match self.round(pause_after(failures + 1)).await {
                Ok(full) => {
                    failures = 0;
                    if full {
                        continue;
                    }
                    self.settings.poll
                }
                Err(error) => {
                    failures += 1;
                    let pause = pause_after(failures);
                    tracing::error!(%error, failures, ?pause, "events could not be relayed");
                    // Not cut short by the bell: new events do not bring a store back.
                    let _ = tokio::time::timeout(pause, stop.cancelled()).await;
                    continue;
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.bell.rung() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Relays one batch. Answers whether it was full, so that there may be more.
    async fn round(&self, postpone_by: Duration) -> Result<bool, RelayError> {
        let now = self.clock.now();
        let claimed = self.outbox.claim(now, later(now, self.settings.push_within), self.settings.batch).await?;
        if claimed.is_empty() {
            return Ok(false);
        }
        let events: Vec<EventId> = claimed.iter().map(|event| event.record.id.into()).collect();
        let jobs: Vec<Job> = claimed.into_iter().flat_map(jobs_of).collect();
        let pushed = jobs.len();
        if let Err(error) = self.queue.push(jobs).await {
            self.outbox.postpone(&events, later(self.clock.now(), postpone_by)).await?;
            return Err(error.into());
        }
        self.outbox.postpone(&events, later(now, self.settings.redeliver_after)).await?;
        metrics::counter!("outbox_relayed_total").increment(events.len() as u64);
        tracing::debug!(events = events.len(), jobs = pushed, "relayed");
        Ok(events.len() as u64 >= self.settings.batch)
    }

    async fn measure(&self) {
        let mut ticks = tokio::time::interval(self.settings.measure_every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match self.outbox.backlog(self.clock.now()).await {
                Ok(backlog) => {
                    metrics::gauge!("outbox_pending").set(backlog.pending as f64);
                    metrics::gauge!("outbox_lag_seconds").set(backlog.lag.as_secs_f64());
                }
                Err(error) => tracing::warn!(%error, "the outbox could not be measured"),
            }
        }
    }
}

fn jobs_of(event: ClaimedEvent) -> impl Iterator<Item = Job> {
    let ClaimedEvent { record, delivery, subscribers } = event;
    subscribers.into_iter().map(move |subscriber| Job { subscriber, delivery, event: record.clone() })
}

/// 1 s, 2 s, 4 s … 30 s.
fn pause_after(failures: u32) -> Duration {
    MIN_PAUSE.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(MAX_PAUSE)
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    chrono::TimeDelta::from_std(by).ok().and_then(|by| time.checked_add_signed(by)).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use async_trait::async_trait;
    use tenon_application::events::{Backlog, FailedJob};
    use tokio::sync::Notify;
    use tokio::time::Instant;
    use uuid::Uuid;

    use super::*;
    use crate::events_for_tests::event;

    /// An outbox, a queue, a bell and a clock at once, each as simple as can be.
    struct World {
        started: Instant,
        due: Mutex<VecDeque<ClaimedEvent>>,
        claims: Mutex<Vec<Duration>>,
        claim_errors: Mutex<u32>,
        postponed: Mutex<Vec<(usize, Duration)>>,
        pushes: Mutex<Vec<Vec<Job>>>,
        push_errors: Mutex<u32>,
        bell: Notify,
    }

    impl World {
        fn new(events: u128) -> Arc<Self> {
            let due = (0..events)
                .map(|id| {
                    let mut record = event();
                    record.id = Uuid::from_u128(id);
                    let subscribers = vec!["notifications".to_owned(), "audit".to_owned()];
                    ClaimedEvent { record, delivery: 3, subscribers }
                })
                .collect();
            Arc::new(Self {
                started: Instant::now(),
                due: Mutex::new(due),
                claims: Mutex::default(),
                claim_errors: Mutex::default(),
                postponed: Mutex::default(),
                pushes: Mutex::default(),
                push_errors: Mutex::default(),
                bell: Notify::new(),
            })
        }

        fn start(self: &Arc<Self>) -> CancellationToken {
            let settings = RelaySettings { batch: 10, ..RelaySettings::default() };
            let relay =
                Relay { outbox: self.clone(), queue: self.clone(), bell: self.clone(), clock: self.clone(), settings };
            let stop = CancellationToken::new();
            tokio::spawn(relay.run(stop.clone()));
            stop
        }

        fn pushed(&self) -> Vec<usize> {
            self.pushes.lock().unwrap().iter().map(Vec::len).collect()
        }

        fn since_start(&self, time: Timestamp) -> Duration {
            (time - chrono::DateTime::UNIX_EPOCH).to_std().unwrap()
        }
    }

    impl Clock for World {
        fn now(&self) -> Timestamp {
            later(chrono::DateTime::UNIX_EPOCH, self.started.elapsed())
        }
    }

    #[async_trait]
    impl RelayBell for World {
        async fn rung(&self) {
            self.bell.notified().await;
        }
    }

    #[async_trait]
    impl JobQueue for World {
        async fn push(&self, jobs: Vec<Job>) -> Result<(), QueueError> {
            let mut errors = self.push_errors.lock().unwrap();
            if *errors > 0 {
                *errors -= 1;
                return Err(QueueError("away".to_owned()));
            }
            self.pushes.lock().unwrap().push(jobs);
            Ok(())
        }
    }

    #[async_trait]
    impl Outbox for World {
        async fn claim(
            &self,
            now: Timestamp,
            due_again: Timestamp,
            limit: u64,
        ) -> Result<Vec<ClaimedEvent>, StoreError> {
            assert_eq!((due_again - now).to_std().unwrap(), Duration::from_secs(5));
            self.claims.lock().unwrap().push(self.since_start(now));
            let mut errors = self.claim_errors.lock().unwrap();
            if *errors > 0 {
                *errors -= 1;
                return Err(StoreError::Unavailable("away".to_owned()));
            }
            let mut due = self.due.lock().unwrap();
            let count = due.len().min(limit as usize);
            Ok(due.drain(..count).collect())
        }

        async fn postpone(&self, events: &[EventId], at: Timestamp) -> Result<(), StoreError> {
            self.postponed.lock().unwrap().push((events.len(), self.since_start(at)));
            Ok(())
        }

        async fn is_handled(&self, _: EventId, _: &str) -> Result<bool, StoreError> {
            Ok(false)
        }

        async fn backlog(&self, _: Timestamp) -> Result<Backlog, StoreError> {
            Ok(Backlog::default())
        }

        async fn purge(&self, _: Timestamp) -> Result<u64, StoreError> {
            Ok(0)
        }

        async fn failed_jobs(&self, _: u64) -> Result<Vec<FailedJob>, StoreError> {
            Ok(Vec::new())
        }

        async fn retry_failed_jobs(&self, _: Timestamp) -> Result<u64, StoreError> {
            Ok(0)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn full_batches_follow_each_other_without_a_pause() {
        let world = World::new(25);
        world.start();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(world.pushed(), [20, 20, 10], "two jobs an event");
        let leases = [(10, 120), (10, 120), (5, 120)].map(|(events, at)| (events, Duration::from_secs(at)));
        assert_eq!(*world.postponed.lock().unwrap(), leases, "what was pushed has time to be done");
        let pushes = world.pushes.lock().unwrap();
        let job = &pushes[0][1];
        assert_eq!((job.subscriber.as_str(), job.delivery, job.event.id), ("audit", 3, Uuid::from_u128(0)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_bell_is_heard_at_once_and_without_it_the_relay_polls() {
        let world = World::new(0);
        let stop = world.start();
        tokio::time::sleep(Duration::from_millis(120)).await;
        world.bell.notify_one();
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(*world.claims.lock().unwrap(), [0, 120, 620].map(Duration::from_millis));
        stop.cancel();
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(world.claims.lock().unwrap().len(), 3, "a stopped relay claims nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_pushed_is_postponed_longer_every_time() {
        let world = World::new(30);
        *world.push_errors.lock().unwrap() = 3;
        world.start();
        tokio::time::sleep(Duration::from_secs(10)).await;
        // Tried at 0 s, 1 s and 3 s.
        let expected = [(10, 1), (10, 3), (10, 7)].map(|(events, at)| (events, Duration::from_secs(at)));
        assert_eq!(*world.postponed.lock().unwrap(), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_was_away_does_not_end_the_relay() {
        let world = World::new(1);
        *world.claim_errors.lock().unwrap() = 2;
        world.start();
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert_eq!(world.pushed(), [2]);
    }
}
