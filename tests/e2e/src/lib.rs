//! Drives the real `tenon` binaries over HTTP, as a client would.
//!
//! [`Server`] starts them on free ports, each with a data directory, a database and a Redis prefix of its own.
//! [`Api`] speaks to them; [`Person`] tells the stories that most tests begin with. The files in `tests/` mirror the
//! URL tree, and `on_every_deployment!` runs their tests embedded and on PostgreSQL + Redis with a worker apart,
//! on servers that they share; `on_own_servers!` does so with servers that they start with options of their own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "this crate is nothing but tests: it fails by panicking, and reads the clock and the environment"
)]

mod api;
mod authenticator_app;
mod database;
mod deployment;
mod eventually;
mod identity_provider;
mod issuer;
mod lockout;
mod mailbox;
mod name_server;
pub mod openapi_document;
mod passkey_device;
mod person;
mod previous_release;
mod problem_codes;
pub mod processes;
mod server;
pub mod tokens;

pub use api::{Answer, Api, Call, Exchange};
pub use authenticator_app::{AuthenticatorApp, recovery_codes};
pub use database::postgres_admin;
pub use deployment::Deployment;
pub use eventually::{eventually, eventually_within};
pub use identity_provider::IdentityProvider;
pub use issuer::{Issuer, IssuerKey};
pub use name_server::NameServer;
pub use passkey_device::{PASSKEY_DOMAIN, PASSKEY_ORIGIN, PasskeyDevice};
pub use person::{PASSWORD, Person, array, merged, proving, text, unique_domain, unique_email};
pub use previous_release::previous_release;
pub use server::{JWT_SECRET, Options, SecondApi, Server};

/// Instantiates each test embedded, and on PostgreSQL + Redis with a separate worker.
#[macro_export]
macro_rules! on_every_deployment {
    ($($test:ident),+ $(,)?) => {
        $crate::on_deployment!(embedded, Embedded, $($test),+);
        $crate::on_deployment!(postgres_redis, PostgresRedis, $($test),+);
    };
}

/// Instantiates each test on one deployment, in a module of its name.
#[macro_export]
macro_rules! on_deployment {
    ($module:ident, $deployment:ident, $($test:ident),+ $(,)?) => {
        mod $module {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test($crate::Server::shared($crate::Deployment::$deployment).await).await;
            }
        )+}
    };
}

/// Instantiates each test embedded, and on PostgreSQL + Redis, with servers that it starts for itself.
#[macro_export]
macro_rules! on_own_servers {
    ($($test:ident),+ $(,)?) => {
        $crate::on_own_server!(own_embedded, Embedded, $($test),+);
        $crate::on_own_server!(own_postgres_redis, PostgresRedis, $($test),+);
    };
}

/// Instantiates each test on one deployment, in a module of its name, with servers that it starts for itself.
#[macro_export]
macro_rules! on_own_server {
    ($module:ident, $deployment:ident, $($test:ident),+ $(,)?) => {
        mod $module {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test($crate::Deployment::$deployment).await;
            }
        )+}
    };
}
