use std::sync::Arc;

use tenon_domain::OrganizationId;
use tenon_domain::identity::{Email, ProviderKey, ProviderSettings};
use tenon_domain::organizations::DomainName;
use uuid::Uuid;

use super::{OidcClient, OidcClientSecret, OidcGateway, ProviderCalls, StoredProvider};
use crate::error::AppError;
use crate::identity::Accounts;
use crate::secrets::{SecretCipher, SecretPlace};

/// The flows of signing in by an identity provider.
#[derive(Clone)]
pub struct SingleSignOn {
    pub accounts: Accounts,
    pub gateway: Arc<dyn OidcGateway>,
    pub cipher: Arc<dyn SecretCipher>,
    /// Those of the deployment.
    pub providers: Arc<[DeploymentProvider]>,
    /// Below which providers send browsers back, each to an address of its own.
    pub callback_base: String,
    pub calls: ProviderCalls,
    /// Where a browser is sent that nobody knows whence it came.
    pub home: String,
}

/// An identity provider of the deployment, from its configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentProvider {
    pub key: String,
    pub settings: ProviderSettings,
    pub client_secret: Option<OidcClientSecret>,
    /// Which organization its people are members of, if it says.
    pub organization: Option<OrganizationId>,
}

/// A provider that somebody may sign in by, before they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInProvider {
    pub key: String,
    pub name: String,
}

/// A provider with all that it takes to sign in by it.
#[derive(Clone)]
pub(super) struct Provider {
    pub(super) key: ProviderKey,
    pub(super) settings: ProviderSettings,
    pub(super) client: OidcClient,
    pub(super) organization: Option<OrganizationId>,
}

impl SingleSignOn {
    /// Where this provider sends browsers back to, and no other: what one answers is never taken for another's (RFC 9700,
    /// 4.4.2.2).
    pub fn redirect_uri(&self, key: &ProviderKey) -> String {
        format!("{}/{key}/callback", self.callback_base)
    }

    /// The providers that somebody with this address may sign in by: those of the deployment, and those of the
    /// organization that has proved that the domain of the address is its own. Whether there is an account changes
    /// nothing.
    pub async fn providers_for(&self, address: Option<&str>) -> Result<Vec<SignInProvider>, AppError> {
        let address = address.and_then(|address| Email::parse(address).ok());
        let serves = |provider: &&DeploymentProvider| {
            let domains = &provider.settings.domains;
            provider.settings.enabled
                && (domains.is_empty() || address.as_ref().is_none_or(|address| domains.hold(address)))
        };
        let name = |provider: &DeploymentProvider| SignInProvider {
            key: provider.key.clone(),
            name: provider.settings.name.to_string(),
        };
        let mut providers: Vec<_> = self.providers.iter().filter(serves).map(name).collect();
        if let Some(address) = &address {
            let app = &self.accounts.app;
            let domain = DomainName::of(address);
            let serving = app.queries.identity_providers.serving(&domain);
            providers.extend(app.availability.within_reach(serving).await?);
        }
        Ok(providers)
    }

    /// The provider, as long as it is in force.
    pub(super) async fn provider(&self, key: &ProviderKey) -> Result<Option<Provider>, AppError> {
        let found = match key {
            ProviderKey::Deployment(key) => self.providers.iter().find(|it| it.key == *key).map(|it| self.own(it)),
            ProviderKey::Organization(id) => {
                let app = &self.accounts.app;
                let stored = app.queries.identity_providers.stored(*id);
                let stored = app.availability.within_reach(stored).await?;
                stored.map(|stored| self.of_organization(stored)).transpose()?
            }
        };
        Ok(found.filter(|provider| provider.settings.enabled))
    }

    /// Whether the provider may be gone to: one of an organization's once that has proved a domain which it serves. Else
    /// whoever founds an organization could have Tenon send browsers anywhere.
    pub(super) async fn may_be_visited(&self, provider: &Provider) -> Result<bool, AppError> {
        let (ProviderKey::Organization(_), Some(organization)) = (&provider.key, provider.organization) else {
            return Ok(true);
        };
        let app = &self.accounts.app;
        let proved = app.queries.identity_providers.has_proved(organization, &provider.settings.domains);
        Ok(app.availability.within_reach(proved).await?)
    }

    fn own(&self, provider: &DeploymentProvider) -> Provider {
        let key = ProviderKey::Deployment(provider.key.clone());
        Provider {
            client: self.client(&key, &provider.settings, provider.client_secret.clone()),
            key,
            settings: provider.settings.clone(),
            organization: provider.organization,
        }
    }

    fn of_organization(&self, stored: StoredProvider) -> Result<Provider, AppError> {
        let StoredProvider { organization, state } = stored;
        let secret = match &state.client_secret {
            Some(sealed) => Some(self.cipher.open(secret_place(state.id.uuid()), sealed)?),
            None => None,
        };
        let secret = secret.map(String::from_utf8).transpose();
        let secret = secret.map_err(|_| AppError::Internal("a client secret is no text".to_owned()))?;
        let key = ProviderKey::Organization(state.id);
        Ok(Provider {
            client: self.client(&key, &state.settings, secret.map(OidcClientSecret::new)),
            key,
            settings: state.settings,
            organization: Some(organization),
        })
    }

    fn client(
        &self,
        key: &ProviderKey,
        settings: &ProviderSettings,
        client_secret: Option<OidcClientSecret>,
    ) -> OidcClient {
        OidcClient {
            is_trusted: key.id().is_none(),
            issuer: settings.issuer.clone(),
            client_id: settings.client_id.to_string(),
            client_secret,
            scopes: settings.scopes.asked(),
            redirect_uri: self.redirect_uri(key),
            groups_claim: settings.groups_claim.as_ref().map(|claim| claim.as_str().to_owned()),
        }
    }
}

/// Where the secret of an organization's provider is stored.
pub(super) fn secret_place(provider: Uuid) -> SecretPlace {
    SecretPlace { purpose: SecretPlace::OIDC, owner: provider }
}
