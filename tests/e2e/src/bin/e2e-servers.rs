//! Starts one server a deployment and keeps them up until it is told to stop, so that test
//! processes can share them: `e2e-servers <file>` writes their addresses to the file that `TENON_TEST_SERVERS` names.
#![allow(clippy::expect_used, reason = "part of the tests: it fails by panicking")]

use std::path::PathBuf;

use tenon_e2e_tests::{Deployment, Options, Server};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() {
    let file = PathBuf::from(std::env::args_os().nth(1).expect("the file to write to"));
    let mut terminated = signal(SignalKind::terminate()).expect("a signal handler");
    let mut interrupted = signal(SignalKind::interrupt()).expect("a signal handler");
    let start = async {
        let servers = futures::future::join_all(Deployment::ALL.map(|it| Server::start(it, Options::default()))).await;
        let described = servers.iter().map(|server| (server.deployment().name().to_owned(), server.description()));
        let described = serde_json::Value::Object(described.collect());
        // Renamed into place: whoever sees the file sees all of it.
        let draft = file.with_extension("draft");
        std::fs::write(&draft, described.to_string()).expect("to write the file");
        std::fs::rename(&draft, &file).expect("to rename the file");
        // Dropped when the program is told to stop: that ends the processes and drops the databases.
        let _servers = servers;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = start => {}
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
}
