use std::io;
use std::path::{Path, PathBuf};

/// Why a backup was not made, is not good, or was not restored, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{} exists already, and a backup overwrites nothing: choose another name", .0.display())]
    Exists(PathBuf),
    #[error(
        "{} exists: another backup to this place is running, or one was interrupted; remove it if none is running",
        .0.display()
    )]
    Draft(PathBuf),
    #[error("there is no database at {}: check TENON_DATA_DIR", .0.display())]
    NoDatabase(PathBuf),
    #[error("{} is not a database of Tenon", .0.display())]
    ForeignDatabase(PathBuf),
    #[error("{} is not a backup of Tenon: name the directory that `tenon backup` made", .0.display())]
    NotABackup(PathBuf),
    #[error("{} was made in format {format}, which this version does not know: use Tenon {version} or later", path.display())]
    UnknownFormat { path: PathBuf, format: u32, version: String },
    #[error("{} is damaged ({what}); take another backup", path.display())]
    Damaged { path: PathBuf, what: String },
    #[error(
        "{} has a newer schema than this version knows ({}): restore it with Tenon {version} or later",
        path.display(), unknown.join(", ")
    )]
    NewerSchema { path: PathBuf, unknown: Vec<String>, version: String },
    #[error("{} is in use: stop the server (and every other tenon command) first", .0.display())]
    InUse(PathBuf),
    #[error(
        "there are data already: {}; restore into another TENON_DATA_DIR, or add --force to move them aside",
        list(.0)
    )]
    Occupied(Vec<PathBuf>),
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{}: {error}", path.display())]
    Sqlite { path: PathBuf, error: rusqlite::Error },
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

impl BackupError {
    pub(super) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }
}

/// Says which file an error is about.
pub(super) trait About<T> {
    fn about(self, path: &Path) -> Result<T, BackupError>;
}

impl<T> About<T> for io::Result<T> {
    fn about(self, path: &Path) -> Result<T, BackupError> {
        self.map_err(|error| BackupError::Io { path: path.to_owned(), error })
    }
}

impl<T> About<T> for rusqlite::Result<T> {
    fn about(self, path: &Path) -> Result<T, BackupError> {
        self.map_err(|error| BackupError::Sqlite { path: path.to_owned(), error })
    }
}
