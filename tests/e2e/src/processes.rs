//! The operating system's side of a server: finding the binaries, free ports, starting and killing.

use std::fs::File;
use std::net::TcpListener;
use std::ops::Range;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use rand::RngExt;

/// The directory of the binaries under test: `TENON_TEST_BIN_DIR`, or where cargo put this test.
pub fn binary(name: &str) -> PathBuf {
    let directory = env::var_os("TENON_TEST_BIN_DIR").map_or_else(build_directory, PathBuf::from);
    let path = directory.join(name);
    assert!(path.is_file(), "{} is missing: run `cargo build -p tenon-bootstrap`, or scripts/test", path.display());
    path
}

/// Where cargo put the binaries that were built with this program.
pub fn build_directory() -> PathBuf {
    let this = env::current_exe().expect("the path of this program");
    let parent = this.parent().expect("a directory");
    // Tests are a directory deeper than the binaries.
    if parent.ends_with("deps") { parent.parent().expect("a directory").to_owned() } else { parent.to_owned() }
}

/// A port that was free a moment ago. It is below those that the system gives to outgoing connections, one of which could
/// take it before the server does.
pub fn free_port() -> u16 {
    const PORTS: Range<u16> = 20_000..32_000;
    loop {
        let port = rand::rng().random_range(PORTS);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Whom a process runs as.
#[derive(Clone, Copy, Debug)]
pub struct User {
    pub id: u32,
    pub group: u32,
}

/// A process whose output goes to a log file. It is killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

impl Process {
    pub fn start(program: &Path, arguments: &[&str], variables: &[(String, String)], log: &Path) -> Self {
        Self::launch(command(program, arguments, variables), log).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Like [`Process::start`], as another user, for servers that refuse to run as root.
    pub fn start_as(user: Option<User>, program: &Path, arguments: &[&str], log: &Path) -> Self {
        let mut command = command(program, arguments, &[]);
        if let Some(user) = user {
            command.uid(user.id).gid(user.group);
        }
        Self::launch(command, log).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts what [`command`] made. Fails when there is no such program, or the log cannot be written.
    pub fn launch(mut command: Command, log: &Path) -> io::Result<Self> {
        let output = File::options().create(true).append(true).open(log).map_err(|error| at(log, &error))?;
        command.stdout(output.try_clone()?).stderr(output);
        let child = command.spawn().map_err(|error| at(Path::new(command.get_program()), &error))?;
        Ok(Self { child })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGSTOP: it lives, its connections too, and nothing happens.
    pub fn freeze(&self) {
        signal("-STOP", &family(self.child.id()));
    }

    /// SIGCONT.
    pub fn thaw(&self) {
        signal("-CONT", &family(self.child.id()));
    }

    /// `kill -9` of the process and all that it started.
    pub fn kill_family(&mut self) {
        signal("-KILL", &family(self.child.id()));
        drop(self.child.wait());
    }

    /// `kill -9`: no chance to finish anything.
    pub fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// SIGTERM, and the exit status, or `None` when it does not end within `limit`.
    pub fn terminate(&mut self, limit: Duration) -> Option<ExitStatus> {
        self.ask_to_end();
        let begun = Instant::now();
        while begun.elapsed() < limit {
            if let Some(status) = self.child.try_wait().expect("its status") {
                return Some(status);
            }
            thread::sleep(Duration::from_millis(10));
        }
        None
    }

    /// SIGTERM, without waiting.
    pub fn ask_to_end(&self) {
        let signaled = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(signaled.expect("kill").success(), "the process could not be signaled");
    }

    /// SIGHUP: files are read again.
    pub fn hang_up(&self) {
        signal("-HUP", &[self.child.id()]);
    }

    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("its status")
    }

    /// Resident memory in bytes, where `/proc` tells.
    pub fn resident_memory(&self) -> Option<u64> {
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

/// A process and its descendants, as far as `/proc` knows them.
fn family(root: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return vec![root] };
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parents: Vec<(u32, u32)> = ids.filter_map(|id| Some((id, parent(id)?))).collect();
    let mut found = vec![root];
    let mut next = 0;
    while next < found.len() {
        let of = found[next];
        found.extend(parents.iter().filter(|(_, parent)| *parent == of).map(|(id, _)| *id));
        next += 1;
    }
    found
}

fn parent(id: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in parentheses may hold anything; the state and the parent follow it.
    stat.rsplit_once(") ")?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Signals all of them; one that has ended meanwhile is as good.
fn signal(signal: &str, ids: &[u32]) {
    let ids = ids.iter().map(u32::to_string);
    let output = Command::new("kill").arg(signal).args(ids).stderr(Stdio::null()).status();
    assert!(output.is_ok(), "kill cannot be run");
}

/// Runs a command to its end and answers whether it succeeded, and what it printed.
pub fn run(program: &Path, arguments: &[&str], variables: &[(String, String)]) -> (bool, String) {
    let output = command(program, arguments, variables).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

/// A command without input. The variables given here are the only ones of Tenon's that the process sees.
pub fn command(program: &Path, arguments: &[&str], variables: &[(String, String)]) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("TENON_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).envs(variables.iter().cloned()).stdin(Stdio::null());
    command
}

/// The error with the path that it is about.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
