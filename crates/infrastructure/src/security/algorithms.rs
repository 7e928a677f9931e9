use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest, Sha384};

use super::SecurityError;
use super::secret_tokens::random_bytes;

/// Marks a bcrypt hash of a pre-hashed password. What follows is the hash as bcrypt prints it.
const BCRYPT_TAG: &str = "$bcrypt-sha384";
const ARGON2_TAG: &str = "$argon2";

/// bcrypt over the password's SHA-384 in base64: 64 characters without a NUL, where bcrypt itself would cut the
/// password off after 72 bytes.
#[derive(Clone, Copy, Debug)]
pub struct BcryptHasher {
    cost: u32,
}

impl BcryptHasher {
    /// `cost` is the binary logarithm of the rounds, from 4 to 31.
    pub fn new(cost: u32) -> Result<Self, SecurityError> {
        if (4..=31).contains(&cost) {
            Ok(Self { cost })
        } else {
            Err(SecurityError::Hasher(format!("the bcrypt cost is from 4 to 31, not {cost}")))
        }
    }

    fn hash(&self, password: &str) -> Result<String, String> {
        let hash = bcrypt::non_truncating_hash(pre_hash(password), self.cost).map_err(|error| error.to_string())?;
        Ok(format!("{BCRYPT_TAG}{hash}"))
    }
}

/// Argon2id (RFC 9106).
#[derive(Clone, Debug)]
pub struct Argon2Hasher {
    argon2: Argon2<'static>,
}

impl Argon2Hasher {
    /// The second recommended option of RFC 9106, section 4: 64 MiB of memory, 3 passes, 4 lanes.
    pub fn recommended() -> Result<Self, SecurityError> {
        Self::with_cost(64 * 1024, 3, 4)
    }

    pub fn with_cost(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, SecurityError> {
        let params = Params::new(memory_kib, passes, lanes, None)
            .map_err(|error| SecurityError::Hasher(format!("Argon2id: {error}")))?;
        Ok(Self { argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params) })
    }

    fn hash(&self, password: &str) -> Result<String, String> {
        let hash = self.argon2.hash_password_with_salt(password.as_bytes(), &random_bytes::<16>());
        hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
    }
}

/// The algorithm of new hashes. Hashes of the other one are still recognized.
#[derive(Clone, Debug)]
pub enum PasswordAlgorithm {
    Bcrypt(BcryptHasher),
    Argon2id(Argon2Hasher),
}

impl PasswordAlgorithm {
    /// Takes long, on purpose.
    pub(super) fn hash(&self, password: &str) -> Result<String, String> {
        match self {
            Self::Bcrypt(bcrypt) => bcrypt.hash(password),
            Self::Argon2id(argon2) => argon2.hash(password),
        }
    }

    /// Whether a hash is of the other kind, or was made at a lower cost.
    pub(super) fn outdates(&self, hash: &str) -> bool {
        match self {
            Self::Bcrypt(bcrypt) => bcrypt_cost(hash).is_none_or(|cost| cost < bcrypt.cost),
            Self::Argon2id(argon2) => {
                let params = argon2.argon2.params();
                argon2_cost(hash).is_none_or(|(memory, passes)| memory < params.m_cost() || passes < params.t_cost())
            }
        }
    }
}

/// The cost of a bcrypt hash: `$bcrypt-sha384$2b$12$…`.
fn bcrypt_cost(hash: &str) -> Option<u32> {
    hash.strip_prefix(BCRYPT_TAG)?.split('$').nth(2)?.parse().ok()
}

/// The memory in KiB and the passes of an Argon2id hash: `$argon2id$v=19$m=65536,t=3,p=4$…`.
fn argon2_cost(hash: &str) -> Option<(u32, u32)> {
    let params = hash.strip_prefix("$argon2id$v=19$")?.split('$').next()?;
    let cost = |name: &str| params.split(',').find_map(|param| param.strip_prefix(name)?.parse().ok());
    Some((cost("m=")?, cost("t=")?))
}

/// Whether the password is the one of the hash, whichever algorithm made it. Takes long, on purpose.
pub(super) fn verify(password: &str, hash: &str) -> Result<bool, String> {
    if let Some(bcrypt) = hash.strip_prefix(BCRYPT_TAG) {
        return bcrypt::non_truncating_verify(pre_hash(password), bcrypt).map_err(|error| error.to_string());
    }
    if hash.starts_with(ARGON2_TAG) {
        // The parameters are those of the hash.
        return match Argon2::default().verify_password(password.as_bytes(), hash) {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(error.to_string()),
        };
    }
    Err("a stored password hash is of no known kind".to_owned())
}

fn pre_hash(password: &str) -> String {
    STANDARD_NO_PAD.encode(Sha384::digest(password.as_bytes()))
}
