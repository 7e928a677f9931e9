use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::SecurityError;

/// The one secret of the deployment. Every purpose gets its own key, `HMAC-SHA256(secret, label)`, so that what one
/// signs cannot be passed off as what another does.
#[derive(Clone)]
pub struct MasterSecret(Vec<u8>);

impl MasterSecret {
    pub const MIN_BYTES: usize = 32;

    pub fn new(bytes: &[u8]) -> Result<Self, SecurityError> {
        if bytes.len() < Self::MIN_BYTES { Err(SecurityError::ShortSecret) } else { Ok(Self(bytes.to_vec())) }
    }

    /// The key for a purpose. The label is part of the protocol: changing it makes everything signed so far worthless.
    pub fn key(&self, label: &str) -> [u8; 32] {
        authenticate(&self.0, &[label.as_bytes()]).finalize().into_bytes().into()
    }
}

impl fmt::Debug for MasterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterSecret(…)")
    }
}

/// The HMAC-SHA256 of the parts, one after the other.
pub(super) fn authenticate(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_has_its_own_key() -> Result<(), SecurityError> {
        let secret = MasterSecret::new(&[7; 32])?;
        assert_ne!(secret.key("a"), secret.key("b"));
        assert_eq!(secret.key("a"), MasterSecret::new(&[7; 32])?.key("a"));
        assert_ne!(secret.key("a"), MasterSecret::new(&[8; 32])?.key("a"));
        Ok(())
    }

    #[test]
    fn a_short_secret_is_refused_and_none_is_printed() {
        assert_eq!(MasterSecret::new(b"short").unwrap_err(), SecurityError::ShortSecret);
        assert_eq!(format!("{:?}", MasterSecret::new(&[65; 32])), "Ok(MasterSecret(…))");
    }
}
