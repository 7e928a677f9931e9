//! The operating system's side of a server: finding the binaries, free ports, starting and killing.

use std::fs::{File, OpenOptions};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

/// The directory of the binaries under test: `TENON_TEST_BIN_DIR`, or where cargo put this test.
pub(crate) fn binary(name: &str) -> PathBuf {
    let directory = env::var_os("TENON_TEST_BIN_DIR").map(PathBuf::from).unwrap_or_else(|| {
        let test = env::current_exe().expect("the path of this test");
        let parent = test.parent().expect("a directory");
        if parent.ends_with("deps") { parent.parent().expect("a directory").to_owned() } else { parent.to_owned() }
    });
    let path = directory.join(name);
    assert!(path.is_file(), "{} is missing: run `cargo build -p tenon-bootstrap`, or scripts/test", path.display());
    path
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// A process whose output goes to a log file. It is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    pub(crate) fn start(program: &Path, arguments: &[&str], variables: &[(String, String)], log: &Path) -> Self {
        let mut command = quiet(program, arguments, variables);
        let output = open_log(log);
        command.stdout(output.try_clone().expect("a second handle")).stderr(output);
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        Self { child }
    }

    /// `kill -9`: no chance to finish anything.
    pub(crate) fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// SIGTERM, and the exit status, or `None` when it does not end within `limit`.
    pub(crate) fn terminate(&mut self, limit: Duration) -> Option<ExitStatus> {
        let signaled = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(signaled.expect("kill").success(), "the process could not be signaled");
        let begun = Instant::now();
        while begun.elapsed() < limit {
            if let Some(status) = self.child.try_wait().expect("its status") {
                return Some(status);
            }
            thread::sleep(Duration::from_millis(10));
        }
        None
    }

    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("its status")
    }

    /// Resident memory in bytes, where `/proc` tells.
    pub(crate) fn resident_memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a command to its end and answers whether it succeeded, and what it printed.
pub(crate) fn run(program: &Path, arguments: &[&str], variables: &[(String, String)]) -> (bool, String) {
    let output = quiet(program, arguments, variables).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

/// The variables given here are the only ones of Tenon's that the process sees.
fn quiet(program: &Path, arguments: &[&str], variables: &[(String, String)]) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("TENON_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).envs(variables.iter().cloned()).stdin(Stdio::null());
    command
}

fn open_log(log: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(log).unwrap_or_else(|error| panic!("{}: {error}", log.display()))
}
