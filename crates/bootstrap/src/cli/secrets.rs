use clap::Subcommand;
use tenon_application::secrets::{SecretArchive, SecretCipher, rotate};
use tenon_infrastructure::persistence::SqlSecretArchive;

use super::terminal::say;
use crate::composition::{Schema, connect, prepare_data_dir, secret_cipher};
use crate::config::Config;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Show how many stored secrets are encrypted with which key
    Status,
    /// Encrypt all of them with the newest key, while servers run or not
    Rotate,
}

pub(super) async fn run(config: Config, action: Action) -> Result<(), Failure> {
    prepare_data_dir(&config)?;
    let cipher = secret_cipher(&config)?;
    let database = connect(&config).await?;
    Schema::new(&database).require_current().await?;
    let archive = SqlSecretArchive::new(database.clone());
    let mut unreadable = 0;
    if matches!(action, Action::Rotate) {
        let rotation = rotate(&archive, &cipher).await?;
        say(format_args!("encrypted again, with the key {}: {}", cipher.newest_key(), rotation.sealed));
        unreadable = rotation.unreadable;
    }
    let counts = archive.count_by_key().await?;
    if counts.is_empty() {
        say("no secret is stored");
    }
    for (key, count) in counts {
        let state = match key.as_str() {
            newest if newest == cipher.newest_key() => "the newest key",
            known if cipher.has_key(known) => "an older key",
            _ => "NOT in TENON_SECRET_KEYS: they cannot be read",
        };
        say(format_args!("{key:<32}  {count:>8}  {state}"));
    }
    database.close().await;
    if unreadable == 0 { Ok(()) } else { Err(Failure::UnreadableSecrets(unreadable)) }
}
