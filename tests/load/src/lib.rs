//! Measures Tenon under load: starts its release binaries, fills them through the application layer, drives them with
//! `wrk` (closed loop) and `oha` (open loop), and compares them with minimal programs on the same machine and database.
//! `tests/load/README.md` says how to run it, `docs/performance.md` what came out.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a command-line tool for measuring: it prints what it finds, and its clock is the real one"
)]

mod backlog;
pub mod cli;
mod closed_loop;
mod database;
mod deployment;
mod drive;
mod event_latency;
mod fill;
mod flatness;
mod interference;
mod measurement;
mod memory;
mod meter;
mod multiply;
mod oha;
mod open_loop;
mod overload;
mod process;
mod queue;
mod report;
mod requests;
mod run;
mod scale;
mod scenario;
mod server;
mod soak;
mod statistics;
mod timing;
mod usage;
mod wrk;

pub use run::run;

/// What a step answers. The tool ends with the first failure, which is shown as it is.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
