//! The harness itself works: it starts the binaries, fills, drives, compares, and leaves nothing behind. Its figures
//! are not looked at here, because these are debug binaries on a busy machine.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn run(directory: &Path, arguments: &[&str]) -> Value {
    let json = directory.join("results.json");
    let output = Command::new(env!("CARGO_BIN_EXE_tenon-load"))
        .args(["--tasks", "200", "--seconds", "1", "--rounds", "1", "--connections", "4"])
        .args(arguments)
        .args(["--set", "TENON_BCRYPT_COST=4"])
        .arg("--work-dir")
        .arg(directory)
        .arg("--json")
        .arg(&json)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    fs::remove_file(json).unwrap();
    report
}

#[test]
fn a_short_run_compares_reads_and_writes_with_their_references() {
    let directory = tempfile::tempdir().unwrap();
    let scenarios = ["get-task", "get-task-not-modified", "list-tasks", "create-task-spread", "transition", "mixed"];
    let arguments: Vec<_> = scenarios.iter().flat_map(|name| ["--scenario", name]).collect();
    let report = run(directory.path(), &arguments);
    let rows = report["rows"].as_array().unwrap();
    let names: Vec<_> = rows.iter().map(|row| row["scenario"].as_str().unwrap()).collect();
    assert_eq!(names, scenarios);
    for row in rows {
        assert!(row["tenon"]["requests"].as_u64().unwrap() > 0, "{row}");
        assert_eq!(row["tenon"]["errors"], serde_json::json!({}), "{row}");
        assert!(row["tenon"]["peak_rss_mib"]["tenon"].as_f64().unwrap() > 1.0, "{row}");
        assert_eq!(row["ratio"].is_number(), row["reference"].is_object(), "{row}");
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "something was left behind");
}

#[test]
fn events_are_followed_to_their_recipient_and_a_backlog_to_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let arguments = ["--scenario", "event-latency", "--scenario", "worker-throughput", "--backlog", "300"];
    let report = run(directory.path(), &[&arguments[..], &["--rate", "20"]].concat());
    let [latency, throughput] = report["rows"].as_array().unwrap().as_slice() else { panic!("{report}") };
    assert_eq!(
        (latency["tenon"]["requests"].as_u64(), &latency["tenon"]["errors"]),
        (Some(20), &serde_json::json!({}))
    );
    assert!(latency["tenon"]["p99_ms"].as_f64().unwrap() > 0.0, "{latency}");
    // Besides, an event of the filling may still have been waiting.
    assert!(throughput["tenon"]["requests"].as_u64().unwrap() >= 300, "{throughput}");
}
