use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};
use tenon_domain::Timestamp;

use super::error::{About, BackupError};

/// The format that is written. It changes when an older Tenon could not restore what is written.
pub(super) const FORMAT: u32 = 1;
pub(super) const MANIFEST: &str = "manifest.json";

/// What a backup consists of, as `manifest.json` in it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    pub tenon_version: String,
    pub created_at: Timestamp,
    /// The migrations that were applied, oldest first.
    pub migrations: Vec<String>,
    /// How many rows each table has.
    pub rows: BTreeMap<String, u64>,
    pub files: Vec<StoredFile>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Relative to the backup.
    pub path: String,
    pub role: Role,
    pub bytes: u64,
    /// In hex.
    pub sha256: String,
}

/// What a file is for. Attachments will be a role of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Database,
    /// What access tokens and invitations are signed with.
    Secret,
}

/// What every format has, to be read before the rest is.
#[derive(Deserialize)]
struct Preamble {
    format: u32,
    tenon_version: String,
}

impl Manifest {
    pub fn file(&self, role: Role) -> Option<&StoredFile> {
        self.files.iter().find(|file| file.role == role)
    }

    /// The size of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    pub(super) fn read(backup: &Path) -> Result<Self, BackupError> {
        let path = backup.join(MANIFEST);
        let text = match fs::read(&path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(BackupError::NotABackup(backup.to_owned()));
            }
            read => read.about(&path)?,
        };
        let broken = |error: serde_json::Error| BackupError::damaged(backup, format!("{MANIFEST}: {error}"));
        let preamble: Preamble = serde_json::from_slice(&text).map_err(broken)?;
        if preamble.format != FORMAT {
            let Preamble { format, tenon_version: version } = preamble;
            return Err(BackupError::UnknownFormat { path: backup.to_owned(), format, version });
        }
        let manifest: Self = serde_json::from_slice(&text).map_err(broken)?;
        for file in &manifest.files {
            let inside = Path::new(&file.path).components().all(|part| matches!(part, Component::Normal(_)));
            if !inside || file.path.is_empty() {
                return Err(BackupError::damaged(backup, format!("{} is outside of it", file.path)));
            }
        }
        Ok(manifest)
    }
}
