//! What every database must do: the same cases on SQLite, PostgreSQL and MariaDB, each in a database of its own.

mod account_requests;
mod audit;
mod custom_roles;
mod databases;
mod deactivation;
mod deleted_users;
mod documents;
mod domains;
mod external_subjects;
mod fixture;
mod idempotency;
mod identity;
mod identity_providers;
mod isolation;
mod lists;
mod migrations;
mod notifications;
mod organizations;
mod outbox;
mod passkeys;
mod plans;
mod project_managers;
mod projects;
mod races;
mod replica;
mod row_security;
mod second_factors;
mod session_archive;
mod sessions;
mod suspension;
mod task_lists;
mod tasks;
mod teams;
mod tokens;
mod upgrades;
mod visibility;

/// Instantiates test functions, which take a fixture, on every database.
macro_rules! on_every_database {
    ($($test:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(&crate::persistence::fixture::Fixture::new("sqlite").await).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(&crate::persistence::fixture::Fixture::new("postgres").await).await;
            })+
        }
        mod on_mysql {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(&crate::persistence::fixture::Fixture::new("mysql").await).await;
            })+
        }
    };
}
use on_every_database;
