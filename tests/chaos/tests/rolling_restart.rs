//! New releases are rolled out while people work: one API after the other gets SIGTERM behind a balancer.

use std::time::Duration;

use tenon_chaos_tests::balancer::Balancer;
use tenon_chaos_tests::load::Scene;
use tenon_chaos_tests::verdict::verdict;
use tenon_chaos_tests::{Cluster, Deployment, Load, Shape, Target};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_one_api_after_the_other_is_restarted() {
    let shape = Shape::of(Deployment::PostgresRedis).with("TENON_DRAIN_SECONDS", 2);
    let cluster = Cluster::start(&shape).await;
    let scene = Scene::found(&cluster).await;
    let balancer = Balancer::start(&cluster.api_roots()).await;
    // Clients keep their connections, as real ones do.
    let load = Load::start(&[balancer.root()], &scene, 4, 2, 31);
    for n in 0..cluster.api_count() {
        tokio::time::sleep(Duration::from_millis(500)).await;
        cluster.terminate(Target::Api(n), Duration::from_secs(20)).await.unwrap();
        cluster.start_again(Target::Api(n));
        cluster.until_ready(Duration::from_secs(20)).await.unwrap();
        // The balancer has to notice, too.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    for n in 0..cluster.worker_count() {
        cluster.terminate(Target::Worker(n), Duration::from_secs(30)).await.unwrap();
        cluster.start_again(Target::Worker(n));
    }
    let ledger = load.finish().await;
    let (failures, acknowledged) = (ledger.failures(), ledger.acknowledged);
    assert_eq!(failures, (0, 0, 0), "no request fails: {acknowledged} succeeded, {:?}", ledger.faults);
    assert!(ledger.acknowledged > 20, "only {} changes: nothing was tested", ledger.acknowledged);
    if let Err(faults) = verdict(&cluster, &scene, &ledger).await {
        panic!("{faults:#?}");
    }
}
