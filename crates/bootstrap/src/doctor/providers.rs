//! The identity providers of the deployment.

use tenon_application::identity::DeploymentProvider;
use tenon_domain::identity::Issuer;
use tenon_infrastructure::oidc::HttpOidcGateway;
use tenon_infrastructure::outbound::OutboundHttp;
use tenon_infrastructure::persistence::Database;

use super::Finding;
use super::checks::within;
use super::issuers::{Answer, verdict};
use crate::composition::Schema;
use crate::config::Config;

/// Whether every provider says where browsers are sent, and publishes keys. Nothing is said where there is none.
pub(super) async fn check(config: &Config) -> Option<Finding> {
    let issuers: Vec<Issuer> = config.oidc_providers.iter().map(|provider| provider.settings.issuer.clone()).collect();
    if issuers.is_empty() {
        return None;
    }
    let outcome = within(ask(config, &issuers)).await.and_then(verdict);
    let remedy = "check TENON_OIDC_PROVIDERS, that the provider runs, and that a firewall lets it through; one in a private \
                  network needs TENON_OUTBOUND_PRIVATE=on";
    Some(Finding::new("providers", outcome, remedy))
}

async fn ask(config: &Config, issuers: &[Issuer]) -> Result<Vec<Answer>, String> {
    let http = OutboundHttp::new(config.outbound).map_err(|error| error.to_string())?;
    Ok(HttpOidcGateway::new(http.clone(), http).ask_all(issuers).await)
}

/// Whether there is every organization that a provider names. Nothing is said where none is named, or before there could
/// be any.
pub(super) async fn check_organizations(config: &Config, database: &Database) -> Option<Finding> {
    if config.oidc_providers.iter().all(|provider| provider.organization.is_none()) {
        return None;
    }
    let state = within(async { Schema::new(database).state().await.map_err(|error| error.to_string()) }).await.ok()?;
    if state.pending() > 0 {
        return None;
    }
    let outcome = within(find_organizations(&config.oidc_providers, database)).await;
    let remedy = "write the id of an organization that exists into `organization` of the provider: GET \
                  /organizations/current has it";
    Some(Finding::new("provisioning", outcome, remedy))
}

async fn find_organizations(providers: &[DeploymentProvider], database: &Database) -> Result<String, String> {
    let (mut found, mut missing) = (0, Vec::new());
    for provider in providers {
        let Some(organization) = provider.organization else { continue };
        match database.has_organization(organization).await {
            Ok(true) => found += 1,
            Ok(false) => missing.push(format!("{:?} names {organization}", provider.key)),
            Err(error) => return Err(error.to_string()),
        }
    }
    if missing.is_empty() {
        Ok(format!("{found} of the identity providers have an organization that exists"))
    } else {
        Err(format!("there is no such organization: {}", missing.join(", ")))
    }
}
