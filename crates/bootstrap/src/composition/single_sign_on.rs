use std::sync::Arc;

use tenon_application::identity::{Accounts, ProviderCalls, SingleSignOn};
use tenon_infrastructure::oidc::HttpOidcGateway;
use tenon_infrastructure::outbound::{OutboundError, OutboundHttp};

use crate::config::Config;

/// What signs people in by identity providers.
pub(super) fn single_sign_on(
    config: &Config,
    http: OutboundHttp,
    accounts: &Accounts,
    public_url: &str,
) -> Result<SingleSignOn, OutboundError> {
    let callback_base = config.oidc_callback_url.clone().unwrap_or_else(|| format!("{public_url}/api/v1/auth/oidc"));
    let of_organizations = OutboundHttp::new(config.outbound_of_organizations)?;
    Ok(SingleSignOn {
        gateway: Arc::new(HttpOidcGateway::new(http, of_organizations)),
        cipher: accounts.second_factors.cipher.clone(),
        accounts: accounts.clone(),
        providers: config.oidc_providers.clone().into(),
        callback_base: callback_base.trim_end_matches('/').to_owned(),
        calls: ProviderCalls::default(),
        home: format!("{public_url}/"),
    })
}
