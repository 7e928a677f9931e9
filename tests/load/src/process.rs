//! The processes under load: those of the end-to-end tests, by a name, with failures that end a run instead of a test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tenon_e2e_tests::processes::{self, build_directory};

use crate::Outcome;
use crate::usage::Usage;

/// How long a process may take to end when it is asked to.
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// Where the binaries are: what was asked for, or the directory of this one.
pub(crate) fn binary(directory: Option<&Path>, name: &str) -> Outcome<PathBuf> {
    let path = directory.map_or_else(build_directory, Path::to_path_buf).join(name);
    if path.is_file() {
        return Ok(path);
    }
    let hint = "build them first: cargo build --release -p tenon-bootstrap -p tenon-load --bins";
    Err(format!("{} is missing; {hint}", path.display()).into())
}

/// A server process whose output goes to a file, as an operator would have it. Killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) name: &'static str,
    process: processes::Process,
}

impl Process {
    pub(crate) fn start(name: &'static str, command: Command, log: &Path) -> Outcome<Self> {
        Ok(Self { name, process: processes::Process::launch(command, log)? })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn usage(&self) -> Option<Usage> {
        Usage::of(self.pid())
    }

    /// Fails when the process has ended.
    pub(crate) fn check(&mut self) -> Outcome<()> {
        match self.process.has_ended() {
            None => Ok(()),
            Some(status) => Err(format!("{} ended with {status}", self.name).into()),
        }
    }

    /// Ends it as an operator would, with SIGTERM.
    pub(crate) fn stop(&mut self) -> Outcome<()> {
        match self.process.terminate(STOP_WITHIN) {
            Some(_) => Ok(()),
            None => Err(format!("{} did not end within {STOP_WITHIN:?}", self.name).into()),
        }
    }
}
