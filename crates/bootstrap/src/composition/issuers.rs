use std::sync::Arc;

use tenon_application::identity::{ExternalTokens, NoExternalTokens};
use tenon_infrastructure::outbound::OutboundHttp;
use tenon_infrastructure::security::JwksExternalTokens;

use crate::config::Config;

/// What reads the access tokens of other issuers. `None` if there are none.
pub(crate) fn token_issuers(config: &Config, http: &OutboundHttp) -> Option<JwksExternalTokens> {
    let issuers = &config.token_issuers;
    (!issuers.is_empty()).then(|| JwksExternalTokens::new(issuers, http))
}

pub(super) fn external_tokens(config: &Config, http: &OutboundHttp) -> Arc<dyn ExternalTokens> {
    match token_issuers(config, http) {
        Some(issuers) => Arc::new(issuers),
        None => Arc::new(NoExternalTokens),
    }
}
