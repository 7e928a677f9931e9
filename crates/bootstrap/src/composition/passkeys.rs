use tenon_infrastructure::security::WebauthnPasskeys;
use url::Url;

use crate::config::Config;
use crate::failure::Failure;

/// What registers and verifies passkeys, bound to the domain of the deployment.
pub(crate) fn passkey_verifier(config: &Config, public_url: &str) -> Result<WebauthnPasskeys, Failure> {
    Ok(WebauthnPasskeys::new(&config.webauthn, &Url::parse(public_url)?)?)
}
