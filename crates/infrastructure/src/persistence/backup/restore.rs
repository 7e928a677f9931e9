use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tenon_domain::Timestamp;

use super::error::{About, BackupError};
use super::manifest::{Manifest, Role, StoredFile};
use super::occupancy::{Occupancy, RESTORING, beside, with_suffix};
use super::{durable, snapshot, verify};

/// Where a restore is prepared. What is in it does not count before it is called [`RESTORING`].
const DRAFT: &str = "restore-draft";

/// What a restore replaces.
#[derive(Clone, Debug)]
pub struct RestoreTarget {
    pub database: PathBuf,
    pub secret: PathBuf,
    /// The queue is not restored but begins anew: what it held is handed out again from the outbox.
    pub queue: PathBuf,
    /// The migrations this version knows.
    pub known_migrations: Vec<String>,
}

/// What a restore did.
#[derive(Clone, Debug)]
pub struct Restored {
    pub manifest: Manifest,
    /// Where the data are now that were there before.
    pub replaced: Option<PathBuf>,
}

/// Puts a backup in place. What is there is moved aside when `force` says so, else it is refused.
pub fn restore(backup: &Path, target: &RestoreTarget, now: Timestamp, force: bool) -> Result<Restored, BackupError> {
    let manifest = verify(backup)?;
    let unknown: Vec<_> =
        manifest.migrations.iter().filter(|name| !target.known_migrations.contains(name)).cloned().collect();
    if !unknown.is_empty() {
        let version = manifest.tenon_version.clone();
        return Err(BackupError::NewerSchema { path: backup.to_owned(), unknown, version });
    }
    let _occupancy = Occupancy::exclusive(&target.database)?;
    let obstacles = obstacles(target, manifest.file(Role::Secret).is_some());
    if !obstacles.is_empty() && !force {
        return Err(BackupError::Occupied(obstacles));
    }
    let draft = beside(&target.database, DRAFT);
    stage(backup, &manifest, &draft)?;
    let replaced = swap(target, &manifest, &draft, &obstacles, now)?;
    Ok(Restored { manifest, replaced })
}

/// What is where the restored files belong.
fn obstacles(target: &RestoreTarget, with_secret: bool) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for file in [&target.database, &target.queue] {
        paths.extend(["", "-wal", "-shm", "-journal"].map(|suffix| with_suffix(file, suffix)));
    }
    if with_secret {
        paths.push(target.secret.clone());
    }
    paths.push(beside(&target.database, RESTORING));
    paths.retain(|path| path.symlink_metadata().is_ok());
    paths
}

/// Copies what is restored to where a rename puts it in place, and checks that the copies are what was verified.
fn stage(backup: &Path, manifest: &Manifest, draft: &Path) -> Result<(), BackupError> {
    match fs::remove_dir_all(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error).about(draft),
        _ => {}
    }
    durable::create_private_dir(draft).about(draft)?;
    let staged = manifest.files.iter().try_for_each(|file| {
        let path = draft.join(name(file));
        let copied = durable::copy(&backup.join(&file.path), &path).about(&path)?;
        if copied.sha256 == file.sha256 {
            Ok(())
        } else {
            Err(BackupError::damaged(backup, format!("{} changed while it was read", file.path)))
        }
    });
    let staged = staged
        .and_then(|()| manifest.file(Role::Database).map_or(Ok(()), |file| snapshot::hand_out(&draft.join(name(file)))))
        .and_then(|()| durable::sync(draft).about(draft));
    if staged.is_err() {
        drop(fs::remove_dir_all(draft));
    }
    staged
}

/// From the first rename to the last, the directory called [`RESTORING`] keeps servers from taking a half for a whole.
fn swap(
    target: &RestoreTarget,
    manifest: &Manifest,
    draft: &Path,
    obstacles: &[PathBuf],
    now: Timestamp,
) -> Result<Option<PathBuf>, BackupError> {
    let directory = durable::parent(&target.database);
    let restoring = beside(&target.database, RESTORING);
    let aside = beside(&target.database, &format!("replaced-{}", now.format("%Y%m%dT%H%M%S%3fZ")));
    if !obstacles.is_empty() {
        durable::create_private_dir(&aside).about(&aside)?;
    }
    let move_aside = |path: &Path| match path.file_name() {
        Some(name) => durable::relocate(path, &aside.join(name)).about(path),
        None => Ok(()),
    };
    // What an interrupted restore left makes room for this one's.
    if obstacles.contains(&restoring) {
        move_aside(&restoring)?;
    }
    fs::rename(draft, &restoring).about(&restoring)?;
    durable::sync(directory).about(directory)?;
    for path in obstacles.iter().filter(|path| **path != restoring) {
        move_aside(path)?;
    }
    for file in &manifest.files {
        let place = match file.role {
            Role::Database => &target.database,
            Role::Secret => &target.secret,
        };
        durable::relocate(&restoring.join(name(file)), place).about(place)?;
        durable::sync(durable::parent(place)).about(place)?;
    }
    fs::remove_dir(&restoring).about(&restoring)?;
    durable::sync(directory).about(directory)?;
    Ok((!obstacles.is_empty()).then_some(aside))
}

fn name(file: &StoredFile) -> &'static str {
    match file.role {
        Role::Database => "database",
        Role::Secret => "secret",
    }
}
