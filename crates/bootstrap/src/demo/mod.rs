//! `tenon demo`: an embedded deployment with an example organization in it, made through the application layer.

mod backlog;
mod fill;
mod people;
mod plan;
mod walkthrough;
mod wording;

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use tenon_application::AppError;
use tokio_util::sync::CancellationToken;

use crate::cli::terminal::say;
use crate::composition::System;
use crate::config::{Config, Sources};
use crate::failure::Failure;

/// How long the notifications and audit entries of the example's history are waited for.
const SETTLE_WITHIN: Duration = Duration::from_secs(20);

/// Makes the configuration an embedded one in its own directory, whatever the environment says about servers.
pub(crate) fn adjust(sources: &mut Sources, data_dir: &Path, bind: Option<SocketAddr>) {
    // Its passwords are printed on the screen: there is nothing to protect by slow hashes, nor to log of its history.
    sources.presets.extend([("bcrypt_cost", "6".to_owned()), ("log", "warn".to_owned())]);
    for server in ["database_url", "database_read_url", "redis_url"] {
        sources.overrides.push((server, String::new()));
    }
    sources.overrides.push(("data_dir", data_dir.display().to_string()));
    sources.overrides.push(("mail", "file".to_owned()));
    // Nobody reads the mail of people who do not exist.
    sources.overrides.push(("email_verification", "off".to_owned()));
    sources.overrides.extend(bind.map(|bind| ("bind", bind.to_string())));
}

/// Fills a fresh deployment, and prints the way around.
pub(crate) async fn welcome(
    system: &System,
    config: &Config,
    public_url: &str,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let Some(filled) = stop.run_until_cancelled(prepare(system)).await else { return Ok(()) };
    if let Some(summary) = filled? {
        say(summary);
    }
    say(walkthrough::text(public_url, &config.data_dir));
    Ok(())
}

async fn prepare(system: &System) -> Result<Option<String>, AppError> {
    let started = Instant::now();
    let Some(filled) = fill::fill(&system.accounts).await? else { return Ok(None) };
    // What comes later would otherwise wait behind the history.
    while system.outbox.backlog(system.app.clock.now()).await?.pending > 0 && started.elapsed() < SETTLE_WITHIN {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(Some(format!(
        "Made {} people, {} projects and {} tasks that moved {} times, in {:.1} s.",
        filled.people,
        filled.projects,
        filled.tasks,
        filled.moves,
        started.elapsed().as_secs_f64()
    )))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_demo_is_embedded_whatever_the_environment_says() {
        let variables = [
            ("TENON_DATABASE_URL", "mysql://root@localhost/production"),
            ("TENON_REDIS_URL", "redis://localhost"),
            ("TENON_BIND", "127.0.0.1:9999"),
            ("TENON_LOG", "debug"),
        ];
        let variables: BTreeMap<_, _> = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let mut sources = Sources { variables, ..Sources::default() };
        adjust(&mut sources, Path::new("./demo-data"), None);
        let config = Config::load(&sources).unwrap();
        assert!(config.embedded() && config.redis.is_none());
        assert_eq!(config.database.url.expose(), "sqlite://./demo-data/tenon.db");
        assert_eq!(config.bind.port(), 9999);
        assert_eq!(config.passwords.bcrypt_cost, 6);
        assert_eq!(config.log.directives, "debug");
    }
}
