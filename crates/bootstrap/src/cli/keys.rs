use clap::{Subcommand, ValueEnum};
use tenon_infrastructure::security::{TokenKey, TokenKeyKind};

use super::terminal::say;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Print a new private key in PEM, for a file that TENON_SIGNING_KEYS names
    Generate {
        /// What it signs with: Ed25519 (EdDSA) or P-256 (ES256)
        #[arg(long, value_enum, default_value_t = Algorithm::Ed25519)]
        algorithm: Algorithm,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Algorithm {
    #[value(name = "ed25519")]
    Ed25519,
    #[value(name = "p256")]
    P256,
}

pub(super) fn run(action: &Action) -> Result<(), Failure> {
    let Action::Generate { algorithm } = action;
    let kind = match algorithm {
        Algorithm::Ed25519 => TokenKeyKind::Ed25519,
        Algorithm::P256 => TokenKeyKind::P256,
    };
    say(TokenKey::generate(kind)?.trim_end());
    Ok(())
}
