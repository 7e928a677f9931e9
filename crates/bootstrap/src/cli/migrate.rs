use clap::Subcommand;

use super::terminal::say;
use crate::composition::{Schema, connect_to_migrate, prepare_data_dir};
use crate::config::Config;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Apply pending migrations
    Up {
        /// Only the next few
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
        steps: Option<u32>,
    },
    /// Revert the latest migrations; what they added is lost
    Down {
        /// How many
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
    },
    /// Show which migrations were applied
    Status,
    /// Take away what is left for the release before, once none of its processes runs any more
    Finish,
}

pub(super) async fn run(config: Config, action: Action) -> Result<(), Failure> {
    prepare_data_dir(&config)?;
    let database = connect_to_migrate(&config).await?;
    let schema = Schema::new(&database);
    let before = schema.state().await?;
    match action {
        Action::Up { steps } => {
            schema.up(steps).await?;
            schema.prepare_queue(&config).await?;
        }
        Action::Down { steps } => schema.down(steps).await?,
        Action::Finish => {
            let tables = schema.finish().await?;
            say(format_args!("{tables} tables were left open for the release before, and are closed now"));
        }
        Action::Status => {}
    }
    let after = schema.state().await?;
    for ((name, applied), (_, was_applied)) in after.0.iter().zip(&before.0) {
        let state = match (was_applied, applied) {
            (false, true) => "applied now",
            (true, false) => "reverted now",
            (true, true) => "applied",
            (false, false) => "pending",
        };
        say(format_args!("{name:<40} {state}"));
    }
    database.close().await;
    Ok(())
}
