use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::cpu_share::CpuShare;
use super::party::Party;

/// How often the event loop is looked at.
const TICK: Duration = Duration::from_millis(10);
/// How long a refusal is held back.
pub(super) const PENALTY: Duration = Duration::from_millis(40);
/// How long that of a sign-in is: clients that wait for an answer of a second anyway can wait for this one.
pub(super) const SIGN_IN_PENALTY: Duration = Duration::from_millis(250);
/// The most refusals that are held back at a time.
const MAX_PENALTIES: usize = 1024;

/// What a thread of the server has to give. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Worker {
    cpu: Rc<RefCell<CpuShare<Party>>>,
    penalties: Rc<Cell<usize>>,
}

impl Worker {
    /// Needs to be called in the event loop of the thread, which it then watches until the thread ends.
    pub(crate) fn watch() -> Self {
        let worker =
            Self { cpu: Rc::new(RefCell::new(CpuShare::new(Instant::now()))), penalties: Rc::new(Cell::new(0)) };
        let cpu = Rc::clone(&worker.cpu);
        actix_web::rt::spawn(async move {
            let metrics = Handle::current().metrics();
            loop {
                sleep(TICK).await;
                let began = Instant::now();
                // Everything that is ready runs before this task does again.
                yield_now().await;
                let now = Instant::now();
                cpu.borrow_mut().observe(now.duration_since(began), metrics.worker_total_busy_duration(0), now);
            }
        });
        worker
    }

    pub(super) fn admit(&self, party: Party) -> bool {
        self.cpu.borrow_mut().admit(party, Instant::now())
    }

    /// Waits before a refusal is answered.
    pub(super) async fn hold_back(&self, penalty: Duration) {
        if self.penalties.get() < MAX_PENALTIES {
            let _held = Penalty::new(&self.penalties);
            sleep(penalty).await;
        }
    }
}

struct Penalty<'a>(&'a Cell<usize>);

impl<'a> Penalty<'a> {
    fn new(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Penalty<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
