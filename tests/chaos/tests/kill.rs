//! What `cargo run -p tenon-chaos-tests` does for longer: first everything is killed once, then comes a random round.

use tenon_chaos_tests::rounds::{self, Terms};
use tenon_chaos_tests::{Cluster, Deployment, Shape};

async fn survives(deployment: Deployment, seed: u64) {
    let cluster = Cluster::start(&Shape::of(deployment)).await;
    let terms = Terms::SHORT;
    let mut reports = Vec::new();
    for plan in [rounds::every_kill(&cluster), rounds::plan(&cluster, seed, terms.longest_outage)] {
        let report = rounds::round(&cluster, &plan, seed, terms).await;
        let plan: Vec<String> = plan.iter().map(ToString::to_string).collect();
        assert!(report.faults.is_empty(), "seed {seed}, {plan:#?}: {}\n{:#?}", report.summary, report.faults);
        reports.push(report);
    }
    for report in reports {
        let faults = report.look_again(&cluster).await;
        assert!(faults.is_empty(), "some time later: {}\n{faults:#?}", report.summary);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_embedded_tenon_loses_and_doubles_nothing() {
    survives(Deployment::Embedded, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_and_redis_nothing_is_lost_or_doubled() {
    survives(Deployment::PostgresRedis, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_mariadb_and_redis_nothing_is_lost_or_doubled() {
    survives(Deployment::MysqlRedis, 3).await;
}
