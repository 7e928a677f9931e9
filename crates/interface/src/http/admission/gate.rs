use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::adaptive_limit::{AdaptiveLimit, Bounds};
use super::fair_queue::FairQueue;
use super::party::Party;

/// How long a request waits for its turn when there was none waiting before it: long enough for a burst to pass.
const PATIENCE: Duration = Duration::from_millis(200);
/// A line that has stood for this long is no burst.
const BURST: Duration = Duration::from_millis(50);
/// A few dozen clients who each wait for their answer before they ask again make a line that stands and never grows: so
/// many in a line are no overload.
const FEW: usize = 32;
/// How long a request waits in a longer line that stands, at least.
const STANDING_PATIENCE: Duration = Duration::from_millis(20);
/// How many times what a request takes it waits for its turn in such a line.
const PATIENT_FOR: u32 = 4;

/// Why a request was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Its turn did not come in time.
    Waited,
    /// Too many were waiting.
    Crowded,
}

impl Refusal {
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Waited => "waited",
            Self::Crowded => "crowded",
        }
    }
}

/// Lets requests in, a limited number at a time; the others wait in a line for each party, for a short time.
///
/// How long they wait follows "controlled delay" (Nichols and Jacobson, 2012): a line that empties again absorbs a burst,
/// a long line that stands only makes all of its requests late, so its requests are sent away soon.
#[derive(Debug)]
pub(super) struct Gate {
    state: Mutex<State>,
    max_waiting: usize,
}

#[derive(Debug)]
struct State {
    limit: AdaptiveLimit,
    running: usize,
    waiting: FairQueue<Party, Waiter>,
}

#[derive(Debug)]
struct Waiter {
    came: Instant,
    turn: oneshot::Sender<Result<Permit, Refusal>>,
}

/// What can be seen of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Occupancy {
    pub(super) limit: usize,
    pub(super) running: usize,
    pub(super) waiting: usize,
}

impl Gate {
    pub(super) fn new(bounds: Bounds, max_waiting: usize) -> Arc<Self> {
        let limit = AdaptiveLimit::new(bounds, Instant::now());
        let state = State { limit, running: 0, waiting: FairQueue::default() };
        Arc::new(Self { state: Mutex::new(state), max_waiting })
    }

    pub(super) fn occupancy(&self) -> Occupancy {
        let state = self.state();
        Occupancy { limit: state.limit.get(), running: state.running, waiting: state.waiting.len() }
    }

    /// Waits for a place. It is free again when the permit is dropped.
    pub(super) async fn enter(self: &Arc<Self>, party: Party) -> Result<Permit, Refusal> {
        let (place, turn, patience) = {
            let mut state = self.state();
            if state.waiting.is_empty() && state.running < state.limit.get() {
                return Ok(state.admit(self));
            }
            state.limit.was_reached();
            if state.waiting.len() >= self.max_waiting {
                if state.waiting.len_of(party) >= state.waiting.longest() {
                    return Err(Refusal::Crowded);
                }
                drop(state.waiting.evict());
            }
            let came = Instant::now();
            let ahead = state.waiting.len_of(party);
            let patience = state.patience(state.waiting.waiting_since(party), ahead, came);
            let (sender, turn) = oneshot::channel();
            let ticket = state.waiting.push(party, Waiter { came, turn: sender }, came);
            (Place { gate: self, party, ticket }, turn, patience)
        };
        let outcome = timeout(patience, turn).await;
        drop(place);
        match outcome {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Refusal::Crowded),
            Err(_) => Err(Refusal::Waited),
        }
    }

    /// Gives free places to those who wait.
    fn fill(self: &Arc<Self>, state: &mut State) {
        while state.running < state.limit.get() {
            let Some((party, waiter, since)) = state.waiting.pop() else { return };
            let (behind, now) = (state.waiting.len_of(party), Instant::now());
            // Those who came before it was known that the line stands; served late, they would make all others late.
            if now.duration_since(waiter.came) > state.patience(Some(since), behind, now) {
                drop(waiter.turn.send(Err(Refusal::Waited)));
                continue;
            }
            let permit = state.admit(self);
            if let Err(Ok(mut unclaimed)) = waiter.turn.send(Ok(permit)) {
                // Its request hung up just now.
                unclaimed.gate = None;
                state.running -= 1;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// How long to wait in a line with so many others, in which somebody has been waiting since then.
    fn patience(&self, since: Option<Instant>, others: usize, now: Instant) -> Duration {
        match since {
            Some(since) if others >= FEW && now.duration_since(since) > BURST => {
                STANDING_PATIENCE.max(self.limit.typical() * PATIENT_FOR).min(PATIENCE)
            }
            _ => PATIENCE,
        }
    }

    fn admit(&mut self, gate: &Arc<Gate>) -> Permit {
        let beside = self.running;
        self.running += 1;
        Permit { gate: Some(Arc::clone(gate)), beside, began: Instant::now(), done: None }
    }
}

/// A place in a line, which is given up when the request waits no longer, also because its client hung up.
struct Place<'a> {
    gate: &'a Arc<Gate>,
    party: Party,
    ticket: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let left = self.gate.state().waiting.leave(self.party, self.ticket);
        drop(left);
    }
}

/// A place inside.
#[derive(Debug)]
pub(super) struct Permit {
    gate: Option<Arc<Gate>>,
    beside: usize,
    began: Instant,
    done: Option<u64>,
}

impl Permit {
    /// Leaves after an operation of this kind went well: what it took tells how many may run.
    pub(super) fn done(mut self, operation: u64) {
        self.done = Some(operation);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(gate) = self.gate.take() else { return };
        let mut state = gate.state();
        state.running -= 1;
        if let Some(operation) = self.done {
            let now = Instant::now();
            state.limit.observe(operation, now.duration_since(self.began), self.beside, now);
        }
        gate.fill(&mut state);
    }
}

#[cfg(test)]
mod tests;
