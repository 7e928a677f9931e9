use std::fs;
use std::path::Path;

use super::{Daemon, free_port, program};

/// What Redis keeps when it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// Jobs, sessions and all else are gone.
    Nothing,
    /// What it wrote down up to a second before.
    Log,
}

pub fn redis(directory: &Path, keeping: Keeping) -> Daemon {
    let data = directory.join("redis");
    fs::create_dir(&data).expect("a directory");
    let port = free_port();
    let appendonly = if keeping == Keeping::Log { "yes" } else { "no" };
    let data = data.display().to_string();
    let port_text = port.to_string();
    let arguments =
        ["--port", &port_text, "--bind", "127.0.0.1", "--save", "", "--appendonly", appendonly, "--dir", &data];
    let mut daemon = Daemon {
        name: "Redis",
        program: program("redis-server"),
        arguments: arguments.map(str::to_owned).into(),
        user: None,
        port,
        log: directory.join("redis.log"),
        probe: None,
        process: None,
    };
    daemon.start();
    daemon
}
