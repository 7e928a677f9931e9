//! The disk with the embedded database, the queue and the mail files is full for a while.

use std::time::Duration;

use serde_json::json;
use tenon_chaos_tests::load::Scene;
use tenon_chaos_tests::small_disk::{SmallDisk, as_root};
use tenon_chaos_tests::verdict::verdict;
use tenon_chaos_tests::{Cluster, Deployment, Load, Shape};
use tenon_e2e_tests::eventually_within;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_and_loses_nothing() {
    if !as_root("a_full_disk_refuses_writes_and_loses_nothing") {
        return;
    }
    let disk = SmallDisk::mount(32);
    let shape = Shape { data_dir: Some(disk.path().join("data")), ..Shape::of(Deployment::Embedded) };
    let cluster = Cluster::start(&shape).await;
    let scene = Scene::found(&cluster).await;
    // Somebody else, so that what fills the disk is in nobody's ledger.
    let filler = Scene::found(&cluster).await;
    let load = Load::start(&[cluster.api_root(0)], &scene, 4, 1, 41);
    tokio::time::sleep(Duration::from_millis(700)).await;

    // SQLite first uses up what its log has grown to before, so it is written to until it refuses.
    let body = json!({"project_id": filler.project["id"], "title": "One too many", "description": "€".repeat(50_000)});
    let refused = eventually_within(Duration::from_secs(20), "a refused write", || async {
        disk.fill();
        let answer = filler.owner.api.post("/tasks", body.clone()).attempt().await.expect("an answer");
        assert!(matches!(answer.status, 201 | 503), "answered {} {}", answer.status, answer.text);
        (answer.status == 503).then_some(answer)
    })
    .await;
    refused.problem(503, "unavailable");
    let page = scene.owner.api.get("/tasks?limit=10").await.expect(200);
    assert!(page["data"].as_array().is_some_and(|tasks| !tasks.is_empty()), "what is there can be read");
    tokio::time::sleep(Duration::from_secs(2)).await;

    disk.make_room();
    eventually_within(Duration::from_secs(5), "a write", || async {
        let body = json!({"key": "BACK", "name": "Back again"});
        let answer = filler.owner.api.post("/projects", body).attempt().await.expect("an answer");
        (answer.status == 201).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let ledger = load.finish().await;
    assert!(ledger.unavailable > 0, "clients must have been told 503");
    assert_eq!(ledger.unknown, 0, "every request has an answer");
    if let Err(faults) = verdict(&cluster, &scene, &ledger).await {
        panic!("{faults:#?}");
    }
    cluster.assert_that_nothing_ended();
}
