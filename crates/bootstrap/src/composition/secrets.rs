use tenon_infrastructure::security::{MasterSecret, XChaChaSecretCipher};

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
