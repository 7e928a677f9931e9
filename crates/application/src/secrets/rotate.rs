use super::{SecretArchive, SecretCipher};
use crate::error::AppError;

/// Seals every secret with the newest key that is sealed with another one. Answers how many those were. Whoever changes
/// a secret meanwhile seals it with the newest key anyway.
pub async fn rotate(archive: &dyn SecretArchive, cipher: &dyn SecretCipher) -> Result<u64, AppError> {
    let mut rotated = 0;
    let mut after = None;
    loop {
        let batch = archive.sealed_with_others(cipher.newest_key(), after).await?;
        let Some(last) = batch.last() else { return Ok(rotated) };
        after = Some(last.place);
        for read in &batch {
            let secret = cipher.open(read.place, &read.sealed)?;
            let sealed = cipher.seal(read.place, &secret)?;
            rotated += u64::from(archive.replace(read, &sealed).await?);
        }
    }
}
