use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use tenon_application::events::{Backlog, ClaimedEvent, FailedJob};
use tenon_application::ports::Job;
use tenon_application::samples::event;
use tenon_domain::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use super::*;

/// As a depth: the queue never answers.
const UNANSWERED: u64 = u64::MAX;

/// An outbox, a queue, a bell and a clock at once, each as simple as can be.
struct World {
    started: Instant,
    due: Mutex<VecDeque<ClaimedEvent>>,
    claims: Mutex<Vec<Duration>>,
    claim_errors: Mutex<u32>,
    postponed: Mutex<Vec<(usize, Duration)>>,
    pushes: Mutex<Vec<Vec<Job>>>,
    push_errors: Mutex<u32>,
    /// What the queue says of its depth, one answer after the other; then that it is empty.
    depths: Mutex<VecDeque<u64>>,
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
            depths: Mutex::default(),
            bell: Notify::new(),
        })
    }

    fn start(self: &Arc<Self>) -> CancellationToken {
        let stop = CancellationToken::new();
        tokio::spawn(self.relay().run(stop.clone()));
        stop
    }

    fn relay(self: &Arc<Self>) -> Relay {
        let settings = RelaySettings { batch: 10, ..RelaySettings::default() };
        Relay {
            outbox: self.clone(),
            queue: self.clone(),
            bell: self.clone(),
            clock: self.clone(),
            availability: Availability::always(),
            settings,
        }
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

    async fn depth(&self) -> Result<u64, QueueError> {
        let depth = self.depths.lock().unwrap().pop_front().unwrap_or_default();
        if depth == UNANSWERED {
            std::future::pending::<()>().await;
        }
        Ok(depth)
    }
}

#[async_trait]
impl Outbox for World {
    async fn claim(&self, now: Timestamp, due_again: Timestamp, limit: u64) -> Result<Vec<ClaimedEvent>, StoreError> {
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

    async fn unhandled(&self, events: &[EventId], _: &str) -> Result<Vec<EventId>, StoreError> {
        Ok(events.to_vec())
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
    assert_eq!(world.pushed(), [2, 2, 2], "a bundle per subscriber");
    let leases = [(10, 480), (10, 480), (5, 480)].map(|(events, at)| (events, Duration::from_secs(at)));
    assert_eq!(*world.postponed.lock().unwrap(), leases, "longer with the third delivery");
    let pushes = world.pushes.lock().unwrap();
    let job = &pushes[0][1];
    assert_eq!((job.subscriber.as_str(), job.delivery, job.event.id), ("audit", 3, Uuid::from_u128(0)));
    assert_eq!(job.events().map(|event| event.id.as_u128()).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_claimed_while_the_queue_is_full() {
    let world = World::new(25);
    world.depths.lock().unwrap().extend([5000, 5000, 3]);
    world.start();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let claims: Vec<_> = world.claims.lock().unwrap().iter().map(Duration::as_millis).collect();
    assert_eq!(claims, [0, 40, 40], "the second batch waits for room");
    assert_eq!(world.pushed(), [2, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_does_not_say_how_full_it_is_does_not_hold_the_relay_forever() {
    let world = World::new(25);
    world.depths.lock().unwrap().extend([5000, UNANSWERED]);
    world.start();
    tokio::time::sleep(Duration::from_millis(5100)).await;
    let claims: Vec<_> = world.claims.lock().unwrap().iter().map(Duration::as_millis).collect();
    assert_eq!(claims, [0, 5020, 5020]);
    assert_eq!(world.pushed(), [2, 2, 2]);
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
    let expected = [(10, 1), (10, 3), (10, 6)].map(|(events, at)| (events, Duration::from_secs(at)));
    assert_eq!(*world.postponed.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_was_away_does_not_end_the_relay() {
    let world = World::new(1);
    *world.claim_errors.lock().unwrap() = 2;
    world.start();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(world.pushed(), [2], "one event, two subscribers");
}
