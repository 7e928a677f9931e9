use tenon_domain::identity::Email;

/// Stands for an address where it must not be readable. It is the same for the same address, and which address it is of,
/// nobody finds out without the secret of the deployment: addresses could be guessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressDigest(String);

impl AddressDigest {
    /// `hex` is 256 bits in hexadecimal digits.
    pub fn new(hex: String) -> Self {
        Self(hex)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Makes the digests of addresses, under a key of the deployment.
pub trait AddressDigests: Send + Sync {
    fn digest(&self, address: &Email) -> AddressDigest;
}
