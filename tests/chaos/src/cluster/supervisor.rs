//! Starts processes again that end by themselves, and remembers that they did.

use std::fmt;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::node::Node;
use crate::faults::Target;

const EVERY: Duration = Duration::from_millis(50);

/// A process ended though nobody ended it.
#[derive(Clone, Debug)]
pub struct End {
    pub process: Target,
    pub status: ExitStatus,
    /// How long after it was started.
    pub after: Duration,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { process, status, after } = self;
        write!(f, "{process} ended by itself {after:.2?} after its start: {status}")
    }
}

/// Works until it is dropped.
pub(super) struct Supervisor {
    watching: JoinHandle<()>,
    ends: Arc<Mutex<Vec<End>>>,
}

impl Supervisor {
    pub(super) fn start(nodes: Vec<(Target, Arc<Mutex<Node>>)>) -> Self {
        let ends = Arc::<Mutex<Vec<End>>>::default();
        let noted = Arc::clone(&ends);
        let watching = tokio::spawn(async move {
            loop {
                for (process, node) in &nodes {
                    let ended = node.lock().unwrap().supervise();
                    if let Some((status, after)) = ended {
                        noted.lock().unwrap().push(End { process: *process, status, after });
                    }
                }
                tokio::time::sleep(EVERY).await;
            }
        });
        Self { watching, ends }
    }

    /// Those that ended since it was asked last.
    pub(super) fn take_ends(&self) -> Vec<End> {
        std::mem::take(&mut self.ends.lock().unwrap())
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.watching.abort();
    }
}
