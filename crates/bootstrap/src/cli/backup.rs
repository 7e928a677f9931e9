use std::path::{Path, PathBuf};

use clap::Args;
use tenon_application::ports::Clock;
use tenon_infrastructure::clock::SystemClock;
use tenon_infrastructure::persistence::backup::{self, BackupSource, Manifest, Progress, RestoreTarget, Role};

use super::terminal::say;
use crate::composition::{Schema, prepare_data_dir};
use crate::config::{Config, DatabaseKind, JwtSecret, Sources};
use crate::failure::Failure;

/// Copying tells how far it is when it takes a while: from 64 MiB on, in tenths.
const TELL_FROM_PAGES: u64 = 16 * 1024;

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The directory to make [default: tenon-backup-<time> in the current directory]
    path: Option<PathBuf>,
    /// Make nothing, but read this backup and say whether it is good
    #[arg(long, value_name = "PATH", conflicts_with = "path")]
    verify: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The directory that `tenon backup` made
    path: PathBuf,
    /// Move the data that are there aside, and restore
    #[arg(long)]
    force: bool,
}

pub(super) fn back_up(sources: &Sources, Backup { path, verify }: Backup) -> Result<(), Failure> {
    if let Some(path) = verify {
        let manifest = backup::verify(&path)?;
        describe(&path, &manifest);
        say("it is good: checksums, integrity, references and row counts are as they should be");
        return Ok(());
    }
    let config = Config::load(sources)?;
    let database = embedded_database(&config)?;
    let secret = match &config.jwt_secret {
        JwtSecret::Given(_) => None,
        JwtSecret::InFile(path) => path.is_file().then(|| path.clone()),
    };
    let now = SystemClock.now();
    let path = path.unwrap_or_else(|| format!("tenon-backup-{}", now.format("%Y%m%dT%H%M%SZ")).into());
    let source = BackupSource { database, secret, tenon_version: env!("CARGO_PKG_VERSION").to_owned() };
    let mut tenths = 0;
    let manifest = backup::create(&source, &path, now, &mut |progress| tell(progress, &mut tenths))?;
    describe(&path, &manifest);
    if matches!(config.jwt_secret, JwtSecret::Given(_)) {
        say("TENON_JWT_SECRET is not in it: keep it elsewhere, without it access tokens and invitations end");
    }
    Ok(())
}

pub(super) fn restore(config: &Config, Restore { path, force }: &Restore) -> Result<(), Failure> {
    let database = embedded_database(config)?;
    prepare_data_dir(config)?;
    let target = RestoreTarget {
        database,
        secret: config.secret_file(),
        queue: config.queue_file(),
        known_migrations: Schema::known(),
    };
    let restored = backup::restore(path, &target, SystemClock.now(), *force)?;
    describe(path, &restored.manifest);
    say(format_args!("restored to {}", target.database.display()));
    if let Some(replaced) = restored.replaced {
        say(format_args!("what was there before is in {}", replaced.display()));
    }
    let with_secret = restored.manifest.file(Role::Secret).is_some();
    match (&config.jwt_secret, with_secret) {
        (JwtSecret::Given(_), true) => say("the secret of the backup is not used: TENON_JWT_SECRET is set"),
        (JwtSecret::InFile(file), false) if !file.is_file() => {
            say("there was no secret in it: set TENON_JWT_SECRET as it was, or access tokens and invitations end");
        }
        _ => {}
    }
    let pending = target.known_migrations.len().saturating_sub(restored.manifest.migrations.len());
    if pending > 0 {
        say(format_args!("{pending} migrations will be applied at the next start"));
    }
    Ok(())
}

fn embedded_database(config: &Config) -> Result<PathBuf, Failure> {
    config.database_file().ok_or(Failure::NotEmbedded(match config.database.kind {
        DatabaseKind::Sqlite => "a database in memory, which cannot be kept,",
        DatabaseKind::Postgres => "PostgreSQL",
        DatabaseKind::MySql => "MySQL or MariaDB",
    }))
}

fn tell(Progress { copied, all }: Progress, tenths: &mut u64) {
    if all >= TELL_FROM_PAGES && copied * 10 / all > *tenths {
        *tenths = copied * 10 / all;
        say(format_args!("copied {} %", *tenths * 10));
    }
}

fn describe(path: &Path, manifest: &Manifest) {
    let at = manifest.created_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let rows: u64 = manifest.rows.values().sum();
    say(format_args!(
        "{}: {} bytes in {} files, {rows} rows in {} tables, of {at}, by Tenon {}",
        path.display(),
        manifest.bytes(),
        manifest.files.len(),
        manifest.rows.len(),
        manifest.tenon_version,
    ));
}
