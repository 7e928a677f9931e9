//! Admission: more requests than can be served are refused soon, so that the others are served as fast as ever.
//!
//! A [`Gate`](gate::Gate) stands before all that waits for the database, one for what reads and one for what writes, so
//! that a flood of the one does not hold up the other. It lets in [as many as run well together](adaptive_limit); the
//! others wait [in a line for each organization](fair_queue), which are served in turn, for a few milliseconds. What needs
//! nothing but the processor waits nowhere, so each thread of the server [shares itself out](cpu_share) when it has more
//! to do than it can. Who is not let in is answered 503 with `Retry-After`, before anything was done.

mod adaptive_limit;
mod cpu_share;
mod fair_queue;
mod gate;
mod layer;
mod party;
mod refusals;
mod worker;

use std::sync::Arc;

use adaptive_limit::Bounds;
use gate::{Gate, Occupancy};
use refusals::Refusals;

pub(crate) use layer::admit;
pub(crate) use refusals::was_refused;
pub(crate) use worker::Worker;

/// What only reads.
const READS: &str = "reads";
/// What writes.
const WRITES: &str = "writes";

/// How many times longer than alone reads may take. They share processors: what is beyond that only waits for them.
const READS_TOLERANCE: f64 = 2.0;
/// How many times longer than alone writes may take. Those that come together share a flush of the disk, which is worth
/// waiting for.
const WRITES_TOLERANCE: f64 = 4.0;
/// How many may wait at a gate, all parties together.
const MAX_WAITING: usize = 1024;

/// How much may run at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdmissionSettings {
    /// The most reads, and the most writes, that ever run at a time. How many do is found out while they run.
    pub max_concurrency: usize,
}

impl Default for AdmissionSettings {
    fn default() -> Self {
        Self { max_concurrency: 256 }
    }
}

/// The gates of a process.
#[derive(Debug)]
pub(crate) struct Admission {
    reads: Arc<Gate>,
    writes: Arc<Gate>,
    refusals: Refusals,
}

impl Admission {
    /// Needs to be called in a Tokio runtime.
    pub(crate) fn new(settings: AdmissionSettings) -> Self {
        let max = settings.max_concurrency.max(1);
        // Fewer would leave processors and disks idle, and refuse a handful of clients, whatever a measurement says.
        let min = std::thread::available_parallelism().map_or(8, |cores| 4 * cores.get()).max(8).min(max);
        let gate = |tolerance| Gate::new(Bounds { min, max, initial: 16, tolerance }, MAX_WAITING);
        Self { reads: gate(READS_TOLERANCE), writes: gate(WRITES_TOLERANCE), refusals: Refusals::default() }
    }

    /// Sets the gauges `admission_limit`, `admission_running` and `admission_waiting` to what is so now.
    pub(crate) fn report(&self) {
        for (class, gate) in [(READS, &self.reads), (WRITES, &self.writes)] {
            let Occupancy { limit, running, waiting } = gate.occupancy();
            metrics::gauge!("admission_limit", "class" => class).set(limit as f64);
            metrics::gauge!("admission_running", "class" => class).set(running as f64);
            metrics::gauge!("admission_waiting", "class" => class).set(waiting as f64);
        }
    }
}
