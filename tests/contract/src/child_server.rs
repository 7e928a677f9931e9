//! Servers that tests start as child processes, from the Python environment that `scripts/test` makes.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot be set up fails")]

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server on a free port. It ends with the test.
#[derive(Debug)]
pub struct ChildServer {
    pub address: SocketAddr,
    child: Child,
}

impl ChildServer {
    /// Starts `python -c <program> <port>`, and waits until it listens. `package` is what the program imports.
    pub fn start(package: &str, program: &str, arguments: &[&str]) -> Self {
        let python = python();
        let importable = Command::new(&python)
            .args(["-c", &format!("import {package}")])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        assert!(
            importable,
            "{python} cannot import {package}: run scripts/test, which sets TENON_TEST_PYTHON to an interpreter that can"
        );
        let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let child = Command::new(&python)
            .args(["-c", program, &address.port().to_string()])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the interpreter starts");
        let mut server = Self { address, child };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Ok(Some(status)) = server.child.try_wait() {
                panic!("{package} ended at once: {status}");
            }
            assert!(start.elapsed() < Duration::from_secs(60), "{package} does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    pub fn stop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Drop for ChildServer {
    fn drop(&mut self) {
        self.stop();
    }
}

#[allow(clippy::disallowed_methods, reason = "how tests are told of the interpreter")]
fn python() -> String {
    std::env::var("TENON_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}
