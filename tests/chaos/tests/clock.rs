//! The wall clock jumps, as after a long sleep of a machine or a correction by hand. libfaketime tells the processes
//! another time; what measures durations goes on as it did. Only where there are several processes, and a database
//! whose clock does not jump with them: embedded there is one clock, and nobody to disagree with.
#![allow(clippy::expect_used, reason = "tests fail by panicking")]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tenon_chaos_tests::load::Scene;
use tenon_chaos_tests::verdict::verdict;
use tenon_chaos_tests::{Cluster, Deployment, Load, Shape};

fn libfaketime() -> Option<PathBuf> {
    let places = fs::read_dir("/usr/lib").ok()?.flatten().map(|place| place.path());
    places.map(|place| place.join("faketime/libfaketime.so.1")).find(|path| path.is_file())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_jumping_clock_stops_nothing() {
    let library = libfaketime().expect("libfaketime is not installed: see scripts/test");
    let directory = tempfile::tempdir().expect("a directory");
    let offset = directory.path().join("offset");
    let jump = |seconds: i32| {
        let draft = directory.path().join("draft");
        fs::write(&draft, format!("{seconds:+}\n")).expect("to write");
        fs::rename(&draft, &offset).expect("to rename");
    };
    jump(0);
    let shape = Shape::of(Deployment::PostgresRedis)
        .with("LD_PRELOAD", library.display())
        .with("FAKETIME_TIMESTAMP_FILE", offset.display())
        .with("FAKETIME_CACHE_DURATION", 1)
        .with("FAKETIME_DONT_FAKE_MONOTONIC", 1);
    let cluster = Cluster::start(&shape).await;
    let scene = Scene::found(&cluster).await;
    let load = Load::start(&cluster.api_roots(), &scene, 4, 1, 51);
    // Within the life of an access token, which ends for good reason when it is over.
    for seconds in [600, 0, -600] {
        tokio::time::sleep(Duration::from_secs(4)).await;
        jump(seconds);
    }
    tokio::time::sleep(Duration::from_secs(4)).await;
    let ledger = load.finish().await;
    assert_eq!(ledger.failures(), (0, 0, 0), "no request fails: {:?}", ledger.faults);
    let times: Vec<_> = scene.owner.all("/tasks").await.iter().map(|task| task["created_at"].to_string()).collect();
    // A quotation mark, and a time up to its minutes.
    let minutes = times.iter().map(|time| &time[..17]).collect::<std::collections::BTreeSet<_>>();
    assert!(minutes.len() >= 3, "the clock did not jump: {minutes:?}");
    if let Err(faults) = verdict(&cluster, &scene, &ledger).await {
        panic!("{faults:#?}");
    }
    cluster.assert_that_nothing_ended();
}
