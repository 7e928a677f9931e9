//! The walk-through in the README works when it is pasted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::process::Command;

use tenon_e2e_tests::{Deployment, Options, Server};

const README: &str = include_str!("../../../README.md");

/// The shell commands of the section called "Walk-through".
fn walk_through() -> String {
    let section = README.split("## Walk-through").nth(1).expect("the section");
    let section = section.split("\n## ").next().expect("its text");
    let blocks = section.split("```sh\n").skip(1).map(|block| block.split("```").next().expect("the end of a block"));
    blocks.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_walk_through_works_when_pasted() {
    let server = Server::start(Deployment::Embedded, Options::default()).await;
    let script = walk_through();
    assert!(script.contains("http://127.0.0.1:8080"), "the address a new server has");
    // Notifications follow within moments, which a person who pastes does not notice but a script does.
    let script = script.replace("http://127.0.0.1:8080", server.root()).replace("# a moment later\n", "sleep 2\n");
    let output = Command::new("sh").args(["-eu", "-c", &script]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    for expected in ["\"ENG-1\"", "\"in_progress\"", "Fix the door", "task.created"] {
        assert!(out.contains(expected), "no {expected} in {out}\n{err}");
    }
    assert!(!out.contains("urn:tenon:problem"), "{out}");
}

#[test]
fn two_commands_set_it_up() {
    let section = README.split("## Try it").nth(1).expect("the section").split("\n## ").next().expect("its text");
    let blocks: Vec<_> = section.split("```sh\n").skip(1).map(|it| it.split("```").next().unwrap().trim()).collect();
    assert_eq!(blocks, ["cargo run --release -- demo", "scripts/test"]);
}
