//! `tenon doctor`: tries everything Tenon depends on, and says what to do about what fails.

mod checks;
mod issuers;
mod passkeys;
mod providers;
mod secrets;
mod tls;

use std::fmt::Display;
use std::time::Duration;

use crate::cli::terminal::say;
use crate::config::{Config, Sources};
use crate::failure::Failure;

/// Everything is told within this time, even of a server that neither answers nor refuses.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a check found.
struct Finding {
    name: &'static str,
    outcome: Result<String, Trouble>,
}

/// What is wrong, and what to do about it.
struct Trouble {
    cause: String,
    remedy: String,
}

impl Finding {
    fn new<E: Display>(name: &'static str, outcome: Result<String, E>, remedy: impl Into<String>) -> Self {
        let outcome = outcome.map_err(|error| Trouble { cause: error.to_string(), remedy: remedy.into() });
        Self { name, outcome }
    }
}

pub(crate) async fn run(sources: &Sources) -> Result<(), Failure> {
    let config = match Config::load(sources) {
        Ok(config) => config,
        Err(error) => {
            say("✘ configuration");
            return Err(error.into());
        }
    };
    let findings = checks::all(&config).await;
    let failed = findings.iter().filter(|finding| finding.outcome.is_err()).count();
    for finding in &findings {
        match &finding.outcome {
            Ok(detail) => say(format_args!("✔ {:<14} {detail}", finding.name)),
            Err(trouble) => {
                say(format_args!("✘ {:<14} {}", finding.name, trouble.cause));
                say(format_args!("  {:<14} → {}", "", trouble.remedy));
            }
        }
    }
    match failed {
        0 => {
            say("all is well");
            Ok(())
        }
        failed => Err(Failure::Doctor { failed, all: findings.len() }),
    }
}
