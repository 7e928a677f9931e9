//! The database or Redis is away for some seconds: killed, frozen, cut off, or silent. Or its line is slow.

use tenon_chaos_tests::scenario::{database_goes_away, line_is_slow, redis_goes_away};
use tenon_chaos_tests::{Deployment, Harm, Shape, Target};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_postgres_is_answered_for_at_once() {
    database_goes_away(&Shape::of(Deployment::PostgresRedis), Harm::Stall, 11).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_mariadb_is_answered_for_at_once() {
    database_goes_away(&Shape::of(Deployment::MysqlRedis), Harm::Freeze, 12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_postgres_is_answered_for_at_once() {
    database_goes_away(&Shape::of(Deployment::PostgresRedis), Harm::Kill, 13).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_goes_on_while_redis_is_stalled() {
    redis_goes_away(&Shape::of(Deployment::PostgresRedis), Harm::Stall, 14).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_goes_on_while_redis_is_dead() {
    redis_goes_away(&Shape::of(Deployment::MysqlRedis), Harm::Kill, 15).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_mariadb_is_answered_for_at_once() {
    database_goes_away(&Shape::of(Deployment::MysqlRedis), Harm::Kill, 16).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_mariadb_is_answered_for_at_once() {
    database_goes_away(&Shape::of(Deployment::MysqlRedis), Harm::Stall, 17).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_is_cut_off_is_answered_for_at_once() {
    database_goes_away(&Shape::of(Deployment::PostgresRedis), Harm::Cut, 18).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_goes_on_while_redis_is_cut_off() {
    redis_goes_away(&Shape::of(Deployment::PostgresRedis), Harm::Cut, 19).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_line_to_the_database_is_only_slow() {
    line_is_slow(&Shape::of(Deployment::PostgresRedis), Target::Database, 20).await;
}
