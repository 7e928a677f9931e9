use clap::Subcommand;
use tenon_application::identity::{DeactivateUser, Deactivation, ReactivateUser};
use tenon_application::{Actor, AppError, Origin};
use tenon_domain::identity::Email;

use super::terminal::say;
use crate::composition::{Links, Schema, app, connect, prepare_data_dir};
use crate::config::Config;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Suspend somebody in all their organizations and end their sessions, while servers run or not
    Deactivate { email: String },
    /// Take the last deactivation of somebody back
    Reactivate { email: String },
}

pub(super) async fn run(config: Config, action: Action) -> Result<(), Failure> {
    prepare_data_dir(&config)?;
    let database = connect(&config).await?;
    Schema::new(&database).require_current().await?;
    let app = app(&config, &database, &Links::open(&config)?);
    let operator = Actor::system(None, Origin::default());
    match action {
        Action::Deactivate { email } => {
            let command = DeactivateUser { email: read(&email)? };
            let Deactivation { organizations, sessions } = app.execute(&operator, command).await?;
            say(format_args!("suspended in {organizations} organizations; {sessions} sessions have ended"));
        }
        Action::Reactivate { email } => {
            let Deactivation { organizations, .. } =
                app.execute(&operator, ReactivateUser { email: read(&email)? }).await?;
            say(format_args!("let in again by {organizations} organizations"));
        }
    }
    database.close().await;
    Ok(())
}

fn read(email: &str) -> Result<Email, Failure> {
    Ok(Email::parse(email).map_err(AppError::from)?)
}
