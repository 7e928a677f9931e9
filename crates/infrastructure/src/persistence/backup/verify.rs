use std::io;
use std::path::Path;

use super::error::{About, BackupError};
use super::manifest::{Manifest, Role};
use super::{durable, snapshot};

/// Reads every byte of a backup: checksums, integrity, references and the number of rows must be as its manifest says.
pub fn verify(backup: &Path) -> Result<Manifest, BackupError> {
    let manifest = Manifest::read(backup)?;
    for file in &manifest.files {
        let path = backup.join(&file.path);
        let found = match durable::digest(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(BackupError::damaged(backup, format!("{} is missing", file.path)));
            }
            digested => digested.about(&path)?,
        };
        if found.bytes != file.bytes {
            let what = format!("{} has {} bytes instead of {}", file.path, found.bytes, file.bytes);
            return Err(BackupError::damaged(backup, what));
        }
        if found.sha256 != file.sha256 {
            return Err(BackupError::damaged(backup, format!("{} has another checksum", file.path)));
        }
    }
    let database = manifest.file(Role::Database).ok_or_else(|| BackupError::damaged(backup, "no database is in it"))?;
    let contents =
        snapshot::examine(&backup.join(&database.path))?.map_err(|what| BackupError::damaged(backup, what))?;
    if contents.migrations != manifest.migrations || contents.rows != manifest.rows {
        return Err(BackupError::damaged(backup, "the database is not the one that the manifest describes"));
    }
    Ok(manifest)
}
