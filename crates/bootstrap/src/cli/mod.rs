//! The command line. Exit codes: 0 done, 1 failed, 2 the configuration or the arguments are wrong.

mod backup;
mod jobs;
mod keys;
mod migrate;
mod secrets;
pub(crate) mod terminal;
mod users;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tenon_interface::http::{openapi_json, problem_codes_markdown};

use self::terminal::{complain, say};
use crate::config::{Config, Sources};
use crate::demo;
use crate::doctor;
use crate::failure::Failure;
use crate::process::{self, Banner};

/// Work management: organizations, projects and tasks behind one API.
#[derive(Debug, Parser)]
#[command(name = "tenon", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API; with SQLite the worker runs in the same process
    Serve {
        /// Run the worker in the same process
        #[arg(long)]
        with_worker: bool,
    },
    /// Serve an embedded deployment that is filled with an example organization
    Demo(Demo),
    /// Change or show the schema of the database
    Migrate {
        #[command(subcommand)]
        action: migrate::Action,
    },
    /// Print the OpenAPI document
    Openapi {
        /// Print the table of the codes that errors have instead, as Markdown
        #[arg(long)]
        errors: bool,
    },
    /// Check the configuration and everything Tenon depends on
    Doctor,
    /// Look at jobs that were given up, and run them again
    Jobs {
        #[command(subcommand)]
        action: jobs::Action,
    },
    /// Make keys that access tokens are signed with
    Keys {
        #[command(subcommand)]
        action: keys::Action,
    },
    /// Look at the keys that stored secrets are encrypted with, and change to the newest
    Secrets {
        #[command(subcommand)]
        action: secrets::Action,
    },
    /// Bar people from the whole deployment, and let them in again
    Users {
        #[command(subcommand)]
        action: users::Action,
    },
    /// Copy the embedded database and the secret, while a server runs or not
    Backup(backup::Backup),
    /// Put a backup in place, while no server runs
    Restore(backup::Restore),
    /// Print the version
    Version,
}

#[derive(Debug, Args)]
struct Demo {
    /// Where the demo keeps its data
    #[arg(long, default_value = "./demo-data")]
    data_dir: PathBuf,
    /// The address to listen on [default: TENON_BIND, else 127.0.0.1:8080]
    #[arg(long)]
    bind: Option<SocketAddr>,
}

/// Runs relay, subscribers and schedules, apart from the API.
#[derive(Debug, Parser)]
#[command(name = "tenon-worker", version)]
struct WorkerCli {}

/// The binary `tenon`.
pub fn tenon() -> ExitCode {
    let Cli { command } = Cli::parse();
    finish(run(command))
}

/// The binary `tenon-worker`.
pub fn tenon_worker() -> ExitCode {
    let WorkerCli {} = WorkerCli::parse();
    finish(
        Config::load(&Sources::of_process())
            .map_err(Failure::from)
            .and_then(|config| process::block_on(process::work(config))),
    )
}

fn finish(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(format_args!("tenon: {failure}"));
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    let mut sources = Sources::of_process();
    match command {
        Command::Serve { with_worker } => {
            if with_worker {
                sources.overrides.push(("with_worker", "on".to_owned()));
            }
            process::block_on(process::serve(Config::load(&sources)?, Banner::Plain))
        }
        Command::Demo(Demo { data_dir, bind }) => {
            demo::adjust(&mut sources, &data_dir, bind);
            process::block_on(process::serve(Config::load(&sources)?, Banner::Demo))
        }
        Command::Migrate { action } => process::block_on(migrate::run(Config::load(&sources)?, action)),
        Command::Openapi { errors } => {
            let text = if errors { problem_codes_markdown() } else { openapi_json() };
            say(text.trim_end());
            Ok(())
        }
        Command::Doctor => process::block_on(doctor::run(&sources)),
        Command::Jobs { action } => process::block_on(jobs::run(Config::load(&sources)?, action)),
        Command::Keys { action } => keys::run(&action),
        Command::Secrets { action } => process::block_on(secrets::run(Config::load(&sources)?, action)),
        Command::Users { action } => process::block_on(users::run(Config::load(&sources)?, action)),
        Command::Backup(backup) => backup::back_up(&sources, backup),
        Command::Restore(restore) => backup::restore(&Config::load(&sources)?, &restore),
        Command::Version => {
            say(format_args!("tenon {}", env!("CARGO_PKG_VERSION")));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
        WorkerCli::command().debug_assert();
    }

    #[test]
    fn commands_are_read() {
        let parse = |line: &str| Cli::try_parse_from(line.split(' ')).map(|cli| cli.command);
        assert!(matches!(parse("tenon serve --with-worker"), Ok(Command::Serve { with_worker: true })));
        assert!(matches!(parse("tenon demo"), Ok(Command::Demo(Demo { bind: None, .. }))));
        assert!(parse("tenon migrate down --steps 2").is_ok());
        assert!(parse("tenon migrate down --steps 0").is_err());
        assert!(parse("tenon migrate finish").is_ok());
        assert!(parse("tenon jobs retry").is_ok());
        assert!(parse("tenon keys generate").is_ok() && parse("tenon keys generate --algorithm p256").is_ok());
        assert!(parse("tenon keys generate --algorithm rsa").is_err());
        assert!(parse("tenon secrets rotate").is_ok() && parse("tenon secrets").is_err());
        assert!(parse("tenon users deactivate ada@example.com").is_ok() && parse("tenon users reactivate").is_err());
        assert!(parse("tenon backup /var/backups/tenon/today").is_ok());
        assert!(parse("tenon backup --verify today").is_ok());
        assert!(parse("tenon backup today --verify yesterday").is_err());
        assert!(parse("tenon restore today --force").is_ok());
        assert!(parse("tenon restore").is_err());
        assert!(parse("tenon serv").is_err());
    }
}
