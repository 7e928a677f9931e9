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
    /// Keep somebody out of everything and end their sessions, while servers run or not; what they have waits for them
    Deactivate { email: String },
    /// Let somebody in again who was deactivated
    Reactivate { email: String },
}

pub(super) async fn run(config: Config, action: Action) -> Result<(), Failure> {
    prepare_data_dir(&config)?;
    let database = connect(&config).await?;
    Schema::new(&database).require_current().await?;
    let app = app(&config, &database, &Links::open(&config)?)?;
    let operator = Actor::system(None, Origin::default());
    match action {
        Action::Deactivate { email } => {
            let command = DeactivateUser { email: read(&email)? };
            let Deactivation { is_news, organizations, sessions } = app.execute(&operator, command).await?;
            let what = if is_news { "deactivated" } else { "deactivated already" };
            say(format_args!("{what}: kept out of {organizations} organizations; {sessions} sessions have ended"));
        }
        Action::Reactivate { email } => {
            let command = ReactivateUser { email: read(&email)? };
            let Deactivation { is_news, organizations, .. } = app.execute(&operator, command).await?;
            let what = if is_news { "reactivated" } else { "not deactivated" };
            say(format_args!("{what}: a member of {organizations} organizations, as before"));
        }
    }
    database.close().await;
    Ok(())
}

fn read(email: &str) -> Result<Email, Failure> {
    Ok(Email::read(email).map_err(AppError::from)?)
}
