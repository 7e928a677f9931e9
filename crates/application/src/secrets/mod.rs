//! Secrets that are stored because they are needed again, unlike passwords: encrypted, each bound to its place.
//!
//! A **sealed** secret names the key that opens it. New ones are sealed with the newest key; **rotating** seals the
//! others with it again, so that an old key can be taken away.

mod rotate;

use async_trait::async_trait;
pub use rotate::{Rotation, rotate};
use tenon_domain::identity::SealedSecret;
use uuid::Uuid;

use crate::error::AppError;
use crate::unit_of_work::StoreError;

/// What a secret is for and whose it is. One that was sealed for another place does not open, so that nobody who can
/// write rows can make use of somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretPlace {
    pub purpose: &'static str,
    pub owner: Uuid,
}

impl SecretPlace {
    /// The secret that an authenticator app shares with Tenon; the owner is a user.
    pub const TOTP: &'static str = "totp";
    /// What Tenon shows an identity provider who it is with; the owner is the provider.
    pub const OIDC: &'static str = "oidc";
    /// What a browser keeps while it is at an identity provider. It is stored nowhere else, and nobody's.
    pub const OIDC_SIGN_IN: &'static str = "oidc-sign-in";
}

/// Encrypts secrets before they are stored.
pub trait SecretCipher: Send + Sync {
    /// Seals with the newest key.
    fn seal(&self, place: SecretPlace, secret: &[u8]) -> Result<SealedSecret, AppError>;
    /// Opens what was sealed with any key there is.
    fn open(&self, place: SecretPlace, sealed: &SealedSecret) -> Result<Vec<u8>, AppError>;
    /// The id of the key that seals.
    fn newest_key(&self) -> &str;
    /// Whether there is a key with this id.
    fn has_key(&self, id: &str) -> bool;
}

/// A sealed secret and where it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSecret {
    pub place: SecretPlace,
    pub sealed: SealedSecret,
}

/// All sealed secrets that are stored, across users and organizations.
#[async_trait]
pub trait SecretArchive: Send + Sync {
    /// How many are sealed with which key.
    async fn count_by_key(&self) -> Result<Vec<(String, u64)>, StoreError>;
    /// Some that are sealed with another key than this one, after the place named: purpose by purpose, in the order of
    /// their owners.
    async fn sealed_with_others(
        &self,
        key_id: &str,
        after: Option<SecretPlace>,
    ) -> Result<Vec<StoredSecret>, StoreError>;
    /// Puts another one in the place of a secret that has not changed since it was read. Answers whether it had not.
    async fn replace(&self, read: &StoredSecret, by: &SealedSecret) -> Result<bool, StoreError>;
}
