//! Who uses an embedded database: everybody who opens it shares a lock on a file beside it, and a restore wants it alone.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use tenon_application::StoreError;

use super::error::{About, BackupError};

/// Beside the database while a restore replaces it: what is there meanwhile is neither the old nor the new.
pub(super) const RESTORING: &str = "restoring";

/// The use of a database, until the last clone is dropped or the process ends, however it does.
#[derive(Clone, Debug)]
pub(crate) struct Occupancy {
    _lock: Arc<File>,
}

/// The file of a `sqlite:` URL; none when it is in memory.
pub fn database_file(url: &str) -> Option<PathBuf> {
    let options = SqliteConnectOptions::from_str(url).ok()?;
    let file = options.get_filename();
    (!url.contains(":memory:") && !url.contains("mode=memory") && !file.as_os_str().is_empty()).then(|| file.to_owned())
}

impl Occupancy {
    /// Uses the database of this URL beside others; nothing to do where it is no file.
    pub(crate) fn shared(url: &str) -> Result<Option<Self>, StoreError> {
        let Some(database) = database_file(url) else { return Ok(None) };
        let occupancy = Self::beside_others(&database).map_err(|error| match error {
            BackupError::InUse(_) => {
                StoreError::Unavailable(format!("{} is being restored: wait for it", database.display()))
            }
            error => StoreError::Unavailable(error.to_string()),
        })?;
        let restoring = beside(&database, RESTORING);
        if restoring.exists() {
            return Err(StoreError::Unavailable(format!(
                "a restore was interrupted ({} is there): run it again, with --force; what was there before is in the \
                 directory replaced-… beside it",
                restoring.display()
            )));
        }
        Ok(Some(occupancy))
    }

    /// Uses the database beside others, for a while.
    pub(super) fn beside_others(database: &Path) -> Result<Self, BackupError> {
        let lock = lock_file(database)?;
        match lock.try_lock_shared() {
            Ok(()) => Ok(Self { _lock: Arc::new(lock) }),
            Err(TryLockError::WouldBlock) => Err(BackupError::InUse(database.to_owned())),
            Err(TryLockError::Error(error)) => Err(error).about(database),
        }
    }

    /// Uses the database alone.
    pub(super) fn exclusive(database: &Path) -> Result<Self, BackupError> {
        let lock = lock_file(database)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: Arc::new(lock) }),
            Err(TryLockError::WouldBlock) => Err(BackupError::InUse(database.to_owned())),
            Err(TryLockError::Error(error)) => Err(error).about(database),
        }
    }
}

/// A file or directory in the directory of the database.
pub(super) fn beside(database: &Path, name: &str) -> PathBuf {
    database.with_file_name(name)
}

/// `tenon.db` with `-wal` is `tenon.db-wal`.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn lock_file(database: &Path) -> Result<File, BackupError> {
    let path = with_suffix(database, ".lock");
    let open: io::Result<File> = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    open.about(&path)
}
