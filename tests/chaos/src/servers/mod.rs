//! Database servers and Redis of one's own: nothing violent ever happens to those of the machine.

mod mariadb;
mod postgres;
mod redis;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tenon_e2e_tests::processes::{Process, User, free_port, run};

pub use self::mariadb::mariadb;
pub use self::postgres::postgres;
pub use self::redis::{Keeping, redis};

const START_LIMIT: Duration = Duration::from_secs(60);

/// How to start a server, once and again.
#[derive(Debug)]
pub struct Daemon {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    user: Option<User>,
    port: u16,
    log: PathBuf,
    /// What tells that it answers, where accepting a connection is not enough.
    probe: Option<(PathBuf, Vec<String>)>,
    process: Option<Process>,
}

impl Daemon {
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it and waits until it accepts connections.
    pub fn start(&mut self) {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let mut process = Process::start_as(self.user, &self.program, &arguments, &self.log);
        let begun = Instant::now();
        while !self.answers() {
            let log = || fs::read_to_string(&self.log).unwrap_or_default();
            assert!(begun.elapsed() < START_LIMIT, "{} did not come up: {}", self.name, log());
            std::thread::sleep(Duration::from_millis(20));
            // What a killed one left behind may keep the next from starting, for a moment.
            if process.has_ended().is_some() {
                process = Process::start_as(self.user, &self.program, &arguments, &self.log);
            }
        }
        self.process = Some(process);
    }

    fn answers(&self) -> bool {
        match &self.probe {
            Some((program, arguments)) => {
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                run(program, &arguments, &[]).0
            }
            None => TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))).is_ok(),
        }
    }

    /// `kill -9` of it and all its children.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill_family();
        }
    }

    pub fn freeze(&self) {
        self.process.as_ref().expect("a running server").freeze();
    }

    pub fn thaw(&self) {
        self.process.as_ref().expect("a running server").thaw();
    }

    /// Ends it in good order.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take()
            && process.terminate(Duration::from_secs(10)).is_none()
        {
            process.kill_family();
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The user that a server runs as when this is root, whom servers refuse.
fn server_user(name: &str) -> Option<User> {
    if fs::metadata("/proc/self").expect("/proc").uid() != 0 {
        return None;
    }
    let id = |flag: &str| {
        let output = Command::new("id").args([flag, name]).output().expect("id");
        String::from_utf8_lossy(&output.stdout).trim().parse::<u32>().unwrap_or_else(|_| panic!("no user {name}"))
    };
    Some(User { id: id("-u"), group: id("-g") })
}

/// A new directory for a server, which belongs to its user.
fn directory_of(user: Option<User>, parent: &Path, name: &str) -> PathBuf {
    fs::set_permissions(parent, fs::Permissions::from_mode(0o711)).expect("to open the directory");
    let directory = parent.join(name);
    fs::create_dir(&directory).expect("a directory");
    if let Some(user) = user {
        chown(&directory, Some(user.id), Some(user.group)).expect("to hand over the directory");
    }
    directory
}

/// A program on the path, or where Debian keeps it; the newest where there are many.
fn program(name: &str) -> PathBuf {
    let mut places: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    places.extend(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    let version = |path: &PathBuf| path.parent().and_then(|it| it.file_name()?.to_str()?.parse::<f64>().ok());
    versions.sort_by(|a, b| version(b).partial_cmp(&version(a)).unwrap());
    // Debian's own first: what is on the path may be a wrapper.
    let found = versions.into_iter().chain(places).map(|place| place.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed: see scripts/test"))
}

/// Runs a preparation to its end.
fn prepare(user: Option<User>, program: &Path, arguments: &[&str], log: &Path) {
    let mut process = Process::start_as(user, program, arguments, log);
    let begun = Instant::now();
    loop {
        match process.has_ended() {
            Some(status) if status.success() => return,
            Some(status) => {
                panic!("{}: {status}: {}", program.display(), fs::read_to_string(log).unwrap_or_default())
            }
            None => assert!(begun.elapsed() < START_LIMIT, "{} takes too long", program.display()),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
