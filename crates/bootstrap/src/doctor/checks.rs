use std::future::Future;
use std::time::Instant;

use tenon_application::ports::Clock;
use tenon_infrastructure::clock::SystemClock;
use tenon_infrastructure::persistence::{Database, RowSecurity};

use super::{Finding, PATIENCE, issuers, passkeys, providers, secrets, tls};
use crate::composition::{Links, Schema, connect, isolation_trouble, mail_endpoint, prepare_data_dir, reach, writable};
use crate::config::{Config, ConfigError, DatabaseKind, JwtSecret, MailTransport, PasswordAlgorithm};

/// How far the clocks of the database and of this machine may be apart.
const MAX_CLOCK_DIFFERENCE_MS: i64 = 2000;

/// Everything, in the order in which one would put it right.
pub(super) async fn all(config: &Config) -> Vec<Finding> {
    let mut findings = vec![configuration(config), storage(config).await, signing_key(config), passwords(config)];
    findings.extend(token_keys(config));
    findings.extend(tls::check(config));
    findings.push(passkeys::check(config));
    findings.extend(database(config).await);
    findings.extend(redis(config).await);
    findings.push(mail(config).await);
    findings.extend(issuers::check(config).await);
    findings.extend(providers::check(config).await);
    findings
}

fn configuration(config: &Config) -> Finding {
    let deployment = if config.embedded() { "embedded: everything in this process" } else { "servers" };
    let detail = format!("{deployment}; {} at {}", config.database.url.redacted(), config.bind);
    Finding::new::<String>("configuration", Ok(detail), "")
}

async fn storage(config: &Config) -> Finding {
    let directory = config.data_dir.display();
    let outcome = match prepare_data_dir(config) {
        Ok(()) if config.data_dir.is_dir() => {
            writable(&config.data_dir).await.map(|()| format!("{directory} is writable"))
        }
        Ok(()) => Ok("nothing is kept in the data directory".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    Finding::new(
        "storage",
        outcome,
        format!("make {directory} writable for this user, or set TENON_DATA_DIR to a directory that is"),
    )
}

fn signing_key(config: &Config) -> Finding {
    let outcome = match &config.jwt_secret {
        JwtSecret::Given(_) => Ok("given in the configuration".to_owned()),
        JwtSecret::InFile(path) if path.exists() => {
            config.jwt_secret.obtain().map(|_| format!("kept in {}", path.display()))
        }
        JwtSecret::InFile(path) => Ok(format!("will be made in {} at the first start", path.display())),
    };
    let remedy = "delete the file to have a new one made: access tokens are refused until clients refresh them, and pending \
                  invitations end";
    Finding::new("signing key", outcome, remedy)
}

/// How passwords are hashed. A weak way works, so it is told and fails nothing.
fn passwords(config: &Config) -> Finding {
    let detail = config.passwords.weakness().map_or_else(
        || match config.passwords.algorithm {
            PasswordAlgorithm::Bcrypt => format!("hashed by bcrypt with a cost of {}", config.passwords.bcrypt_cost),
            PasswordAlgorithm::Argon2id => "hashed by Argon2id".to_owned(),
        },
        |weakness| format!("WEAK: {weakness}"),
    );
    Finding::new::<String>("passwords", Ok(detail), "")
}

/// Whether the keys of access tokens can be read, and the first one signs.
fn token_keys(config: &Config) -> Option<Finding> {
    let keys = match config.signing_keys.read() {
        Ok(keys) => keys,
        Err(error) => {
            let remedy = "see docs/operations/runbooks/key-rotation.md; tenon keys generate prints a new key";
            return Some(Finding::new::<ConfigError>("token keys", Err(error), remedy));
        }
    };
    let (first, others) = keys.split_first()?;
    let detail = format!("{} signs, with {}; {} more verify", first.id(), first.published().algorithm, others.len());
    Some(Finding::new::<ConfigError>("token keys", Ok(detail), ""))
}

async fn database(config: &Config) -> Vec<Finding> {
    if config.embedded() && !database_file_exists(config) {
        let detail = "will be made at the first start".to_owned();
        return vec![Finding::new::<String>("database", Ok(detail), "")];
    }
    let started = Instant::now();
    let connected = within(async { connect(config).await.map_err(|error| error.to_string()) }).await;
    let database = match connected {
        Ok(database) => database,
        Err(error) => {
            let remedy = "start the database, and check host, name, user and password in TENON_DATABASE_URL";
            return vec![Finding::new::<String>("database", Err(error), remedy)];
        }
    };
    let mut findings = facts(&database, started).await;
    findings.push(migrations(config, &database).await);
    findings.extend(secrets::check(config, &database).await);
    findings.extend(providers::check_organizations(config, &database).await);
    findings.extend(row_security(&database).await);
    database.close().await;
    findings
}

/// A file that does not exist is not made by looking for it.
fn database_file_exists(config: &Config) -> bool {
    config.database_file().is_none_or(|path| path.exists())
}

async fn facts(database: &Database, started: Instant) -> Vec<Finding> {
    let connected_in = started.elapsed();
    let asked = Instant::now();
    match within(async { database.facts().await.map_err(|error| error.to_string()) }).await {
        Ok(facts) => {
            let latency = asked.elapsed();
            let apart = (facts.now - SystemClock.now()).num_milliseconds().abs();
            let detail = format!("{}; connected in {connected_in:.1?}, answers in {latency:.1?}", facts.version);
            let clocks = if apart <= MAX_CLOCK_DIFFERENCE_MS {
                Ok(format!("{apart} ms apart from the database's"))
            } else {
                Err(format!("{apart} ms apart from the database's"))
            };
            let remedy = "synchronize the clocks of both machines (chrony, systemd-timesyncd)";
            vec![Finding::new::<String>("database", Ok(detail), ""), Finding::new("clock", clocks, remedy)]
        }
        Err(error) => vec![Finding::new::<String>("database", Err(error), "check the log of the database")],
    }
}

async fn migrations(config: &Config, database: &Database) -> Finding {
    let state = within(async { Schema::new(database).state().await.map_err(|error| error.to_string()) }).await;
    let outcome = state.and_then(|state| match state.pending() {
        0 => Ok(format!("all {} are applied", state.0.len())),
        pending if config.embedded() => Ok(format!("{pending} will be applied at the next start")),
        pending => Err(format!("{pending} of {} are pending", state.0.len())),
    });
    Finding::new("migrations", outcome, "run: tenon migrate up")
}

async fn row_security(database: &Database) -> Option<Finding> {
    let asked = within(async { database.row_security().await.map_err(|error| error.to_string()) }).await;
    let (outcome, remedy) = match asked {
        Ok(None) => return None,
        Ok(Some(security)) => match isolation_trouble(&security) {
            Some((cause, remedy)) => (Err(cause), remedy),
            None => {
                let RowSecurity { role, tables, .. } = security;
                (Ok(format!("{tables} tables are closed to other organizations, also for the role {role}")), "")
            }
        },
        Err(error) => (Err(error), "check the log of the database"),
    };
    Some(Finding::new("row security", outcome, remedy))
}

async fn redis(config: &Config) -> Option<Finding> {
    let Some(redis) = &config.redis else {
        let alone = config.database.kind == DatabaseKind::Postgres;
        let detail = "not set: this is good for one instance".to_owned();
        return alone.then(|| Finding::new::<String>("redis", Ok(detail), ""));
    };
    let started = Instant::now();
    let outcome = match Links::open(config) {
        Ok(Links { health: Some(health), .. }) => within(health.check()).await,
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    let outcome = outcome.map(|()| format!("{} answers in {:.1?}", redis.url.redacted(), started.elapsed()));
    Some(Finding::new(
        "redis",
        outcome,
        "start Redis, and check host, port and password in TENON_REDIS_URL, and TENON_REDIS_CA if it is set",
    ))
}

async fn mail(config: &Config) -> Finding {
    let endpoint = mail_endpoint(config);
    let outcome = match (&config.mail.transport, &endpoint) {
        (MailTransport::Files, _) => {
            let directory = config.mail_dir();
            writable(&directory).await.map(|()| format!("emails are written to {}", directory.display()))
        }
        (_, Some((host, port))) => reach(host, *port).await.map(|()| format!("{host}:{port} can be reached")),
        (_, None) => Ok("Amazon SES, in the region of the AWS environment".to_owned()),
    };
    Finding::new("mail", outcome, "check TENON_MAIL (and TENON_SES_REGION), and that a firewall lets it through")
}

pub(super) async fn within<T>(check: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, check).await {
        Ok(outcome) => outcome,
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}
