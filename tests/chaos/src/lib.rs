//! Kills, freezes and cuts off everything that Tenon runs on, while clients write and note what they were told.
//!
//! A [`Cluster`] is Tenon with servers of its own; a [`Load`] writes to it and keeps a ledger; a [`Fault`] happens to
//! it; and [`verdict`] compares what the ledgers say with what is stored. [`rounds`] does all of it from one seed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "this crate is nothing but tests: it fails by panicking, and reads the clock and the environment"
)]

pub mod balancer;
pub mod cluster;
pub mod effects;
pub mod faults;
pub mod ledger;
pub mod load;
pub mod proxy;
pub mod quiet;
pub mod readiness;
pub mod recovery;
pub mod rounds;
pub mod scenario;
pub mod servers;
pub mod sessions;
pub mod small_disk;
pub mod verdict;

pub use cluster::{Cluster, Shape};
pub use faults::{Fault, Harm, Target};
pub use load::Load;
pub use tenon_e2e_tests::Deployment;
