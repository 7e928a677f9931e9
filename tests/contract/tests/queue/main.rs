//! What every job queue promises, on SQLite, PostgreSQL and Redis.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "this crate is nothing but tests: it fails by panicking, and its ids need not be injected"
)]

mod delivery;
mod failure;
mod places;
mod worker;

use std::sync::Arc;

use crate::delivery::{a_key_runs_once, a_push_wakes_an_idle_worker, every_job_runs_once, finished_jobs_are_forgotten};
use crate::failure::{
    failing_jobs_are_retried_as_they_ask, jobs_of_a_killed_worker_are_run_by_another,
    stopping_waits_for_running_jobs_only, the_runner_survives_its_store,
};
use crate::places::{Place, Postgres, Redis, Sqlite};

macro_rules! contract {
    ($store:ident, $place:ty) => {
        mod $store {
            use super::*;

            contract!(@case $place, every_job_runs_once);
            contract!(@case $place, a_key_runs_once);
            contract!(@case $place, failing_jobs_are_retried_as_they_ask);
            contract!(@case $place, jobs_of_a_killed_worker_are_run_by_another);
            contract!(@case $place, stopping_waits_for_running_jobs_only);
            contract!(@case $place, the_runner_survives_its_store);
            contract!(@case $place, finished_jobs_are_forgotten);

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn a_push_wakes_an_idle_worker() {
                let place = <$place>::create().await;
                let queue = place.open("one").await;
                super::a_push_wakes_an_idle_worker(Arc::clone(&queue), queue).await;
                place.remove().await;
            }
        }
    };
    (@case $place:ty, $case:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let place = <$place>::create().await;
            super::$case(&place).await;
            place.remove().await;
        }
    };
}

contract!(sqlite, Sqlite);
contract!(postgres, Postgres);
contract!(redis_server, Redis);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_by_another_process_wakes_a_worker_on_postgres() {
    let place = Postgres::create().await;
    a_push_wakes_an_idle_worker(place.open("pusher").await, place.open("worker").await).await;
    place.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_by_another_process_wakes_a_worker_on_redis() {
    let place = Redis::create().await;
    a_push_wakes_an_idle_worker(place.open("pusher").await, place.open("worker").await).await;
    place.remove().await;
}
