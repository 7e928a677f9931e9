//! The command line.
#![allow(clippy::print_stderr, reason = "a command-line tool says what went wrong")]

use std::process::ExitCode;

use clap::Parser;
use tenon_load::cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    match tenon_load::run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("tenon-load: {failure}");
            ExitCode::FAILURE
        }
    }
}
