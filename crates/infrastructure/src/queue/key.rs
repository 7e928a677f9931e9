//! What identifies a job in its store.

use sha2::{Digest, Sha256};
use tenon_application::ports::{Job, QueueError};

use super::queue_error;

/// A job as the stores take it.
pub(super) struct StoredJob {
    /// A ULID, which apalis asks for.
    pub(super) id: String,
    pub(super) key: String,
    pub(super) body: Vec<u8>,
}

impl StoredJob {
    pub(super) fn new(job: &Job) -> Result<Self, QueueError> {
        let key = job.key();
        Ok(Self { id: job_id(job, &key), body: serde_json::to_vec(job).map_err(queue_error)?, key })
    }
}

/// The same for the same key, and rising with the time of the event, so that jobs run in the order of their events.
/// A ULID and a UUIDv7 both begin with 48 bits of milliseconds.
fn job_id(job: &Job, key: &str) -> String {
    let digest = Sha256::digest(key.as_bytes());
    let hash = digest.iter().take(10).fold(0_u128, |hash, byte| (hash << 8) | u128::from(*byte));
    let milliseconds = job.event.id.as_u128() >> 80;
    crockford((milliseconds << 80) | hash)
}

/// Crockford's base 32, as <https://github.com/ulid/spec> encodes 128 bits in 26 characters.
fn crockford(bits: u128) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    (0..26).rev().map(|place| char::from(ALPHABET[((bits >> (5 * place)) & 31) as usize])).collect()
}

#[cfg(test)]
mod tests {
    use super::crockford;

    #[test]
    fn encodes_like_the_specification() {
        assert_eq!(crockford(0), "00000000000000000000000000");
        assert_eq!(crockford(u128::MAX), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
        assert_eq!(crockford(33), "00000000000000000000000011");
    }
}
