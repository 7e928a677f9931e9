use clap::Subcommand;
use tenon_application::events::Outbox;
use tenon_application::ports::Clock;
use tenon_infrastructure::clock::SystemClock;
use tenon_infrastructure::persistence::SqlOutbox;

use super::terminal::say;
use crate::composition::{Schema, connect, prepare_data_dir};
use crate::config::Config;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// List jobs that were given up, newest first
    Failed {
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1000))]
        limit: u64,
    },
    /// Run all of them again
    Retry,
}

pub(super) async fn run(config: Config, action: Action) -> Result<(), Failure> {
    prepare_data_dir(&config)?;
    let database = connect(&config).await?;
    Schema::new(&database).require_current().await?;
    let outbox = SqlOutbox::new(database.clone());
    match action {
        Action::Failed { limit } => {
            let failed = outbox.failed_jobs(limit).await?;
            if failed.is_empty() {
                say("no job was given up");
            }
            for job in failed {
                let at = job.failed_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
                let event = &job.event;
                say(format_args!("{at}  {:<13}  {}  {}  {}", job.subscriber, event.name, event.id, job.error));
            }
        }
        Action::Retry => {
            let again = outbox.retry_failed_jobs(SystemClock.now()).await?;
            say(format_args!("{again} jobs will be run again, as soon as a worker runs"));
        }
    }
    database.close().await;
    Ok(())
}
