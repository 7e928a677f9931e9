//! Backups of the embedded database: a directory with a copy of the database, the secret, and a manifest.
//!
//! [`create`] copies while a server runs and writes, [`verify`] reads a backup and believes nothing, [`restore`] puts
//! one in place of what is there. All of it blocks, and is for the command line. Servers have their own tools.

mod create;
mod durable;
mod error;
mod manifest;
mod occupancy;
mod restore;
mod snapshot;
mod verify;

pub use create::{BackupSource, create};
pub use error::BackupError;
pub use manifest::{Manifest, Role, StoredFile};
pub(super) use occupancy::Occupancy;
pub use occupancy::database_file;
pub use restore::{RestoreTarget, Restored, restore};
pub use verify::verify;

/// How far copying is, in pages of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub copied: u64,
    pub all: u64,
}
