//! A process of Tenon's that is to run.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use tenon_e2e_tests::processes::Process;

/// How soon a process that ended is started again, as whatever supervises it in production would.
const RESTART_AFTER: Duration = Duration::from_millis(200);

pub(super) struct Node {
    program: PathBuf,
    arguments: &'static [&'static str],
    variables: Vec<(String, String)>,
    root: String,
    log: PathBuf,
    process: Option<Process>,
    /// Whether it is started again when it ends by itself.
    wanted: bool,
    started: Instant,
    ended: Option<Instant>,
}

impl Node {
    /// Not started yet. It answers at `root`.
    pub(super) fn new(
        program: PathBuf,
        arguments: &'static [&'static str],
        variables: Vec<(String, String)>,
        root: String,
        log: PathBuf,
    ) -> Self {
        let started = Instant::now();
        Self { program, arguments, variables, root, log, process: None, wanted: false, started, ended: None }
    }

    pub(super) fn root(&self) -> &str {
        &self.root
    }

    pub(super) fn start(&mut self) {
        self.wanted = true;
        self.started = Instant::now();
        self.ended = None;
        self.process = Some(Process::start(&self.program, self.arguments, &self.variables, &self.log));
    }

    /// The process, which nobody starts again from here on. Dropping it kills it.
    pub(super) fn release(&mut self) -> Option<Process> {
        self.wanted = false;
        self.ended = None;
        self.process.take()
    }

    pub(super) fn freeze(&self) {
        self.process.iter().for_each(Process::freeze);
    }

    pub(super) fn thaw(&self) {
        self.process.iter().for_each(Process::thaw);
    }

    /// Starts it again when it ended by itself a moment ago. When it just did, answers how, and how long after its
    /// start.
    pub(super) fn supervise(&mut self) -> Option<(ExitStatus, Duration)> {
        let status = self.process.as_mut().and_then(Process::has_ended);
        if status.is_some() {
            self.process = None;
            self.ended = Some(Instant::now());
        }
        let ended = status.map(|status| (status, self.started.elapsed()));
        if self.wanted && self.ended.is_some_and(|ended| ended.elapsed() > RESTART_AFTER) {
            self.start();
        }
        ended
    }
}
