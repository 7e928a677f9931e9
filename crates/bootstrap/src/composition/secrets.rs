use tenon_domain::Timestamp;
use tenon_infrastructure::security::{JwtAccessTokens, MasterSecret, XChaChaSecretCipher};

use crate::config::Config;
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
