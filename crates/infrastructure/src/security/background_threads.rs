use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

type Job = Box<dyn FnOnce() + Send>;

/// A tenth of the weight of what serves requests, so that it comes first, and people can still sign in while it wants all
/// processors.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Threads for work that takes long and is in no hurry. They give way to those that serve requests, and end when this
/// is dropped.
pub(super) struct BackgroundThreads {
    jobs: Sender<Job>,
}

impl BackgroundThreads {
    pub(super) fn start(name: &str, count: usize) -> io::Result<Self> {
        let (jobs, waiting) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..count {
            let waiting = Arc::clone(&waiting);
            thread::Builder::new().name(name.to_owned()).spawn(move || work(&waiting))?;
        }
        Ok(Self { jobs })
    }

    /// Runs the job as soon as a thread is free. How many may wait is for the caller to bound.
    pub(super) fn run(&self, job: impl FnOnce() + Send + 'static) {
        // The threads live as long as the sender.
        drop(self.jobs.send(Box::new(job)));
    }
}

fn work(waiting: &Mutex<Receiver<Job>>) {
    give_way();
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // Whoever waits for it learns of a panic by being left without an answer.
        drop(catch_unwind(AssertUnwindSafe(job)));
    }
}

/// Lowers the priority of this thread. On Linux a thread has one of its own; elsewhere it would be the whole process's.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::warn!(%error, "background work has the same priority as requests");
    }
}
