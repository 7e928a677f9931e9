use hmac::Mac;
use tenon_application::identity::{AddressDigest, AddressDigests};
use tenon_domain::identity::Email;

use super::MasterSecret;
use super::master_secret::authenticate;

/// `HMAC-SHA256(key, address)` in hex. Changing the deployment's secret makes other digests of all addresses.
#[derive(Clone)]
pub struct KeyedAddressDigests {
    key: [u8; 32],
}

impl KeyedAddressDigests {
    pub fn new(secret: &MasterSecret) -> Self {
        Self { key: secret.key("address-digests") }
    }
}

impl AddressDigests for KeyedAddressDigests {
    fn digest(&self, address: &Email) -> AddressDigest {
        let digest = authenticate(&self.key, &[address.as_str().as_bytes()]).finalize().into_bytes();
        AddressDigest::new(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::SecurityError;

    #[test]
    fn an_address_has_one_digest_for_each_secret() -> Result<(), SecurityError> {
        let digests = KeyedAddressDigests::new(&MasterSecret::new(&[7; 32])?);
        let others = KeyedAddressDigests::new(&MasterSecret::new(&[8; 32])?);
        let address = |text: &str| Email::restore(text.to_owned());
        let digest = digests.digest(&address("ada@example.com"));
        assert_eq!(digest.as_str().len(), 64);
        assert!(digest.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(digests.digest(&address("ada@example.com")), digest);
        assert_ne!(digests.digest(&address("bob@example.com")), digest);
        assert_ne!(others.digest(&address("ada@example.com")), digest);
        Ok(())
    }
}
