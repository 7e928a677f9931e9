//! The operating system's side: finding the binaries, starting and stopping.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use crate::Outcome;
use crate::usage::Usage;

/// How long a process may take to end when it is asked to.
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// Where the binaries are: what was asked for, or the directory of this one.
pub(crate) fn binary(directory: Option<&Path>, name: &str) -> Outcome<PathBuf> {
    let directory = match directory {
        Some(directory) => directory.to_owned(),
        None => beside_this_one()?,
    };
    let path = directory.join(name);
    if path.is_file() {
        return Ok(path);
    }
    let hint = "build them first: cargo build --release -p tenon-bootstrap -p tenon-load --bins";
    Err(format!("{} is missing; {hint}", path.display()).into())
}

fn beside_this_one() -> Outcome<PathBuf> {
    let this = env::current_exe()?;
    let parent = this.parent().ok_or("this program is in no directory")?;
    // Tests are a directory deeper than the binaries.
    let directory = if parent.ends_with("deps") { parent.parent().unwrap_or(parent) } else { parent };
    Ok(directory.to_owned())
}

/// A server process whose output goes to a file, as an operator would have it. Killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) name: &'static str,
    child: Child,
}

impl Process {
    pub(crate) fn start(name: &'static str, command: &mut Command, log: &Path) -> Outcome<Self> {
        let output = File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = command.spawn().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        Ok(Self { name, child })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn usage(&self) -> Option<Usage> {
        Usage::of(self.child.id())
    }

    /// Fails when the process has ended.
    pub(crate) fn check(&mut self) -> Outcome<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("{} ended with {status}", self.name).into()),
        }
    }

    /// Ends it as an operator would, with SIGTERM.
    pub(crate) fn stop(&mut self) -> Outcome<()> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let begun = Instant::now();
        while begun.elapsed() < STOP_WITHIN {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(format!("{} did not end within {STOP_WITHIN:?}", self.name).into())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A command that sees no settings of Tenon but these.
pub(crate) fn command(program: &Path, variables: &[(String, String)]) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("TENON_") {
            command.env_remove(name);
        }
    }
    command.envs(variables.iter().cloned());
    command
}
