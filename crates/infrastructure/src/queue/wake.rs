//! Waking a worker that waits for jobs.
//!
//! An apalis worker asks its store whenever it is polled, and sleeps when there is nothing. A signal that arrives
//! while it is asking would be lost: the answer was made before the push. So every signal echoes a few times.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use apalis::prelude::{PollSnapshot, PollStrategy};
use futures::task::AtomicWaker;
use tokio::time::{Instant, Sleep};

/// A worker asks this often even if nobody wakes it.
const FALLBACK: Duration = Duration::from_secs(1);
const ECHOES: [Duration; 2] = [Duration::from_millis(3), Duration::from_millis(30)];

#[derive(Debug, Default)]
struct Signal {
    raised: AtomicBool,
    waker: AtomicWaker,
}

/// The end that wakes.
#[derive(Clone, Debug, Default)]
pub(super) struct Wake(Arc<Signal>);

impl Wake {
    pub(super) fn wake(&self) {
        self.0.raised.store(true, Ordering::Release);
        self.0.waker.wake();
    }

    /// The end that is woken. Only the latest one is.
    pub(super) fn strategy(&self) -> WakeStrategy {
        WakeStrategy {
            signal: Arc::clone(&self.0),
            echoes: ECHOES.len(),
            timer: Box::pin(tokio::time::sleep(FALLBACK)),
        }
    }
}

/// When a worker polls its store: on a signal, and now and then.
#[derive(Debug)]
pub(super) struct WakeStrategy {
    signal: Arc<Signal>,
    /// How many echoes of the last signal have been heard.
    echoes: usize,
    timer: Pin<Box<Sleep>>,
}

impl PollStrategy for WakeStrategy {
    fn poll_drive(&mut self, cx: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        self.signal.waker.register(cx.waker());
        if self.signal.raised.swap(false, Ordering::AcqRel) {
            self.echoes = 0;
            self.timer.as_mut().reset(Instant::now() + ECHOES[0]);
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            self.echoes = (self.echoes + 1).min(ECHOES.len());
            let pause = ECHOES.get(self.echoes).copied().unwrap_or(FALLBACK);
            self.timer.as_mut().reset(Instant::now() + pause);
        }
        Poll::Pending
    }
}
