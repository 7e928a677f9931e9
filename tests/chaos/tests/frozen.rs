//! A process that is stopped for some seconds, as by a hypervisor that moves it, and comes back from the dead.

use std::time::Duration;

use tenon_chaos_tests::{Cluster, Deployment, Fault, Harm, Shape, Target, scenario};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_and_a_worker_come_back_from_the_dead() {
    let cluster = Cluster::start(&Shape::of(Deployment::PostgresRedis)).await;
    // Meanwhile others take over what they held: keys, events, jobs.
    scenario::happens(&cluster, Fault::soon(Target::Api(0), Harm::Freeze, Duration::from_secs(6)), 21).await;
    scenario::happens(&cluster, Fault::soon(Target::Worker(0), Harm::Freeze, Duration::from_secs(8)), 22).await;
    cluster.assert_that_nothing_ended();
}
