use tenon_domain::Timestamp;
use tenon_infrastructure::security::{
    Argon2Hasher, BcryptHasher, BoundedPasswordHasher, HasherLimits, JwtAccessTokens, MasterSecret,
    PasswordAlgorithm as Hashing, XChaChaSecretCipher,
};

use crate::config::{Config, PasswordAlgorithm, PasswordConfig};
use crate::failure::Failure;

/// What everything is signed with; made on first use, where nobody gives it.
pub(super) fn master_secret(config: &Config) -> Result<MasterSecret, Failure> {
    let secret = config.jwt_secret.obtain().map_err(Failure::SigningKey)?;
    Ok(MasterSecret::new(secret.expose().as_bytes())?)
}

/// What encrypts secrets before they are stored.
pub(crate) fn secret_cipher(config: &Config) -> Result<XChaChaSecretCipher, Failure> {
    Ok(XChaChaSecretCipher::new(&config.secret_keys, &master_secret(config)?))
}

/// What issues and reads access tokens.
pub(super) fn access_tokens(
    config: &Config,
    secret: &MasterSecret,
    now: Timestamp,
) -> Result<JwtAccessTokens, Failure> {
    Ok(JwtAccessTokens::new(secret).with_keys(&config.signing_keys.read()?, now)?)
}

/// What hashes passwords.
pub(super) fn hasher(passwords: PasswordConfig) -> Result<BoundedPasswordHasher, Failure> {
    if let Some(weakness) = passwords.weakness() {
        tracing::warn!("{weakness}");
    }
    let algorithm = match passwords.algorithm {
        PasswordAlgorithm::Bcrypt => Hashing::Bcrypt(BcryptHasher::new(passwords.bcrypt_cost)?),
        PasswordAlgorithm::Argon2id => Hashing::Argon2id(Argon2Hasher::recommended()?),
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(BoundedPasswordHasher::new(algorithm, HasherLimits::for_cores(cores))?)
}
