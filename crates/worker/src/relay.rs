//! Moving events from the outbox to the queue.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tenon_application::StoreError;
use tenon_application::events::Outbox;
use tenon_application::ports::{Availability, Clock, JobQueue, QueueError, RelayBell};
use tenon_domain::EventId;
use tokio_util::sync::CancellationToken;

use crate::bundles::jobs_of;
use crate::pauses::{later, lease, pause_after};

/// How the relay goes about it.
#[derive(Clone, Copy, Debug)]
pub struct RelaySettings {
    /// How often it looks for events that nobody rang for.
    pub poll: Duration,
    /// How long it lets events gather after it relayed some. One that comes alone does not wait; of many that come one after the
    /// other, those of this time become one bundle.
    pub gather: Duration,
    /// How many events it claims at once.
    pub batch: u64,
    /// When an event is claimed again whose relay died before it pushed.
    pub push_within: Duration,
    /// When an event is handed out again whose receipts have not arrived. Doubles with each delivery, so that a worker
    /// that cannot keep up is not given everything twice.
    pub redeliver_after: Duration,
    /// How many jobs may wait in the queue before the relay claims no more. What is not claimed stays in the outbox.
    pub max_depth: u64,
    /// How often the metrics of the backlog are refreshed.
    pub measure_every: Duration,
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(500),
            gather: Duration::from_millis(25),
            batch: 500,
            push_within: Duration::from_secs(5),
            redeliver_after: Duration::from_secs(120),
            max_depth: 1000,
            measure_every: Duration::from_secs(5),
        }
    }
}

/// How often the relay looks whether a full queue has room again.
const ROOM_POLL: Duration = Duration::from_millis(20);
/// How long it waits to hear that: the queue's store may be behind a line that swallows everything.
const ROOM_ANSWER: Duration = Duration::from_secs(5);

/// Claims events and pushes one job per subscriber. Several relays share the work: an event is claimed by one.
pub struct Relay {
    pub outbox: Arc<dyn Outbox>,
    pub queue: Arc<dyn JobQueue>,
    pub bell: Arc<dyn RelayBell>,
    pub clock: Arc<dyn Clock>,
    pub availability: Availability,
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
        let mut since_looked = 0;
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.availability.regained() => {}
            }
            // Looking costs a round trip, so not at every event.
            if since_looked >= self.settings.batch {
                since_looked = 0;
                stop.run_until_cancelled(self.room()).await;
                continue;
            }
            let pause = match self.availability.within_reach(self.round(pause_after(failures + 1))).await {
                Ok(relayed) => {
                    failures = 0;
                    since_looked += relayed;
                    if relayed >= self.settings.batch {
                        continue;
                    }
                    if relayed > 0 {
                        let _ = tokio::time::timeout(self.settings.gather, stop.cancelled()).await;
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

    /// Waits until the queue has room.
    async fn room(&self) {
        // A queue that does not answer refuses the next push, which is postponed like any other.
        while let Ok(Ok(depth)) = tokio::time::timeout(ROOM_ANSWER, self.queue.depth()).await {
            if depth < self.settings.max_depth {
                return;
            }
            tokio::time::sleep(ROOM_POLL).await;
        }
    }

    /// Relays one batch. Answers how many events were in it.
    async fn round(&self, postpone_by: Duration) -> Result<u64, RelayError> {
        let now = self.clock.now();
        let claimed = self.outbox.claim(now, later(now, self.settings.push_within), self.settings.batch).await?;
        if claimed.is_empty() {
            return Ok(0);
        }
        let events: Vec<EventId> = claimed.iter().map(|event| event.record.id.into()).collect();
        let mut leases: BTreeMap<Duration, Vec<EventId>> = BTreeMap::new();
        for event in &claimed {
            leases
                .entry(lease(self.settings.redeliver_after, event.delivery))
                .or_default()
                .push(event.record.id.into());
        }
        let jobs = jobs_of(claimed);
        let pushed = jobs.len();
        if let Err(error) = self.queue.push(jobs).await {
            self.outbox.postpone(&events, later(self.clock.now(), postpone_by)).await?;
            return Err(error.into());
        }
        for (lease, events) in leases {
            self.outbox.postpone(&events, later(now, lease)).await?;
        }
        metrics::counter!("outbox_relayed_total").increment(events.len() as u64);
        tracing::debug!(events = events.len(), jobs = pushed, "relayed");
        Ok(events.len() as u64)
    }

    async fn measure(&self) {
        let mut ticks = tokio::time::interval(self.settings.measure_every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match self.availability.within_reach(self.outbox.backlog(self.clock.now())).await {
                Ok(backlog) => {
                    metrics::gauge!("outbox_pending").set(backlog.pending as f64);
                    metrics::gauge!("outbox_lag_seconds").set(backlog.lag.as_secs_f64());
                }
                Err(error) => tracing::warn!(%error, "the outbox could not be measured"),
            }
        }
    }
}

#[cfg(test)]
mod tests;
