use super::{SecretArchive, SecretCipher};
use crate::error::AppError;

/// What came of sealing secrets anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// How many are sealed with the newest key now that were not.
    pub sealed: u64,
    /// How many could not be opened, and are as they were: their key is gone, or somebody has changed them.
    pub unreadable: u64,
}

/// Seals every secret with the newest key that is sealed with another one. Whoever changes a secret meanwhile seals it
/// with the newest key anyway.
pub async fn rotate(archive: &dyn SecretArchive, cipher: &dyn SecretCipher) -> Result<Rotation, AppError> {
    let mut rotation = Rotation::default();
    let mut after = None;
    loop {
        let batch = archive.sealed_with_others(cipher.newest_key(), after).await?;
        let Some(last) = batch.last() else { return Ok(rotation) };
        after = Some(last.place);
        for read in &batch {
            let Ok(secret) = cipher.open(read.place, &read.sealed) else {
                rotation.unreadable += 1;
                continue;
            };
            let sealed = cipher.seal(read.place, &secret)?;
            rotation.sealed += u64::from(archive.replace(read, &sealed).await?);
        }
    }
}
