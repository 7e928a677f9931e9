//! Passwords, tokens and the keys that sign them.

mod access_tokens;
mod account_tokens;
mod address_digests;
mod algorithms;
mod background_threads;
mod external_tokens;
mod invitation_tokens;
mod master_secret;
mod one_time_codes;
mod password_strength;
mod passwords;
mod refresh_tokens;
mod secret_cipher;
mod secret_tokens;
mod token_keys;
mod webauthn;

pub use access_tokens::JwtAccessTokens;
pub use account_tokens::SignedAccountTokens;
pub use address_digests::KeyedAddressDigests;
pub use algorithms::{Argon2Hasher, BcryptHasher, PasswordAlgorithm};
pub use external_tokens::{IssuerSettings, JwksExternalTokens};
pub use invitation_tokens::SignedInvitationTokens;
pub use master_secret::MasterSecret;
pub use one_time_codes::TotpCodes;
pub use passwords::{BoundedPasswordHasher, HasherLimits};
pub use refresh_tokens::SignedRefreshTokens;
pub use secret_cipher::{SecretKey, XChaChaSecretCipher};
pub use secret_tokens::RandomSecretTokens;
pub(crate) use secret_tokens::random_name;
pub use token_keys::{TokenKey, TokenKeyKind};
pub use webauthn::{WebauthnPasskeys, WebauthnSettings};

/// Why something of this module could not be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecurityError {
    #[error("the secret needs at least {} bytes", MasterSecret::MIN_BYTES)]
    ShortSecret,
    #[error("the password hasher cannot be set up: {0}")]
    Hasher(String),
    #[error("a secret key is an id of up to 32 small letters, digits and hyphens, a colon, and 32 bytes in base64")]
    SecretKey,
    #[error("a key for access tokens is an Ed25519 or P-256 key in PEM: private (PKCS#8) or public")]
    TokenKey,
    #[error("the first key for access tokens signs: it must be a private one")]
    PublicTokenKey,
    #[error("passkeys cannot be bound to the domain {rp_id}: none of {origins} is a page of it")]
    PasskeyDomain { rp_id: String, origins: String },
    #[error("{0}")]
    TokenIssuers(String),
}
