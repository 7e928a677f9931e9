//! Configuration, composition and the command line: what makes processes of the other crates.

pub mod cli;
mod composition;
pub mod config;
mod demo;
mod doctor;
mod failure;
mod process;

pub use composition::System;
pub use failure::Failure;
