use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tenon_domain::Timestamp;

use super::error::{About, BackupError};
use super::manifest::{FORMAT, MANIFEST, Manifest, Role, StoredFile};
use super::occupancy::{Occupancy, with_suffix};
use super::{Progress, durable, snapshot, verify};

const DATABASE: &str = "tenon.db";
const SECRET: &str = "jwt.secret";

/// What is to be kept.
#[derive(Clone, Debug)]
pub struct BackupSource {
    pub database: PathBuf,
    /// The file with the secret, where there is one.
    pub secret: Option<PathBuf>,
    pub tenon_version: String,
}

/// Makes a backup at `target`, which must not exist, and reads it again. It appears there whole or not at all.
pub fn create(
    source: &BackupSource,
    target: &Path,
    now: Timestamp,
    progress: &mut dyn FnMut(Progress),
) -> Result<Manifest, BackupError> {
    // Without a slash at the end: the draft lies beside the target, not in it.
    let target = target.components().collect::<PathBuf>();
    let target = target.as_path();
    if !source.database.is_file() {
        return Err(BackupError::NoDatabase(source.database.clone()));
    }
    if target.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(target.to_owned()));
    }
    // Shared: a server may run, but no restore.
    let _occupancy = Occupancy::beside_others(&source.database)?;
    let draft = with_suffix(target, ".draft");
    match durable::create_private_dir(&draft) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(BackupError::Draft(draft)),
        made => made.about(&draft)?,
    }
    let made = fill(source, &draft, now, progress).and_then(|()| verify(&draft)).and_then(|manifest| {
        // Whoever was faster has won: a directory with something in it is not replaced.
        fs::rename(&draft, target).about(target)?;
        durable::sync(durable::parent(target)).about(target)?;
        Ok(manifest)
    });
    if made.is_err() {
        // What is half a backup is none, and would be in the way of the next.
        drop(fs::remove_dir_all(&draft));
    }
    made
}

fn fill(
    source: &BackupSource,
    draft: &Path,
    now: Timestamp,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), BackupError> {
    let database = draft.join(DATABASE);
    durable::create_private(&database).about(&database)?;
    snapshot::copy(&source.database, &database, progress)?;
    durable::sync(&database).about(&database)?;
    let contents =
        snapshot::examine(&database)?.map_err(|what| BackupError::Damaged { path: source.database.clone(), what })?;
    let mut files = vec![stored(Role::Database, DATABASE, durable::digest(&database).about(&database)?)];
    if let Some(secret) = &source.secret {
        files.push(stored(Role::Secret, SECRET, durable::copy(secret, &draft.join(SECRET)).about(secret)?));
    }
    let manifest = Manifest {
        format: FORMAT,
        tenon_version: source.tenon_version.clone(),
        created_at: now,
        migrations: contents.migrations,
        rows: contents.rows,
        files,
    };
    let path = draft.join(MANIFEST);
    let text = serde_json::to_vec_pretty(&manifest).map_err(io::Error::from).about(&path)?;
    durable::write(&path, &text).about(&path)?;
    durable::sync(draft).about(draft)
}

fn stored(role: Role, path: &str, digested: durable::Digested) -> StoredFile {
    StoredFile { path: path.to_owned(), role, bytes: digested.bytes, sha256: digested.sha256 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_appears_at_its_place_however_that_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("live.db");
        let connection = rusqlite::Connection::open(&database).unwrap();
        connection.execute_batch("CREATE TABLE seaql_migrations (version TEXT)").unwrap();
        drop(connection);
        let source = BackupSource { database, secret: None, tenon_version: "1.0.0".to_owned() };
        for place in ["plain", "slash/", "slashes//", "dot/."] {
            let target = directory.path().join(place);
            let manifest = create(&source, &target, Timestamp::UNIX_EPOCH, &mut |_| {}).unwrap();
            assert_eq!(verify(&target).unwrap(), manifest, "{place}");
        }
        let mut left: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["dot", "live.db", "live.db.lock", "plain", "slash", "slashes"]);
    }
}
