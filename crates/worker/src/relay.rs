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
        let claimed = self.outbox.claim(now, later(now, self.settings.redeliver_after), self.settings.batch).await?;
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
