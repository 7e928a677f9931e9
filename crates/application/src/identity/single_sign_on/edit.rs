use std::sync::Arc;

use async_trait::async_trait;
use tenon_domain::access::{OrganizationRole, Permission};
use tenon_domain::identity::{
    GroupRoles, GroupsClaim, Issuer, ProviderClientId, ProviderDomains, ProviderName, ProviderScopes, ProviderSettings,
};
use tenon_domain::{IdentityProviderId, Version};

use super::manage::{ensure_covers_roles, ensure_known_roles, find, seal};
use super::{IdentityProviderView, OidcClientSecret};
use crate::command::{Command, Work, check_version};
use crate::error::AppError;
use crate::secrets::SecretCipher;
use crate::token_access::TokenAccess;

/// Changes an identity provider. What is `None` stays; `Some(None)` clears.
#[derive(Clone)]
pub struct EditIdentityProvider {
    pub provider: IdentityProviderId,
    pub name: Option<ProviderName>,
    pub issuer: Option<Issuer>,
    pub client_id: Option<ProviderClientId>,
    pub client_secret: Option<Option<OidcClientSecret>>,
    pub scopes: Option<ProviderScopes>,
    pub domains: Option<ProviderDomains>,
    pub groups_claim: Option<Option<GroupsClaim>>,
    pub group_roles: Option<GroupRoles>,
    pub default_role: Option<Option<OrganizationRole>>,
    pub provisioning: Option<bool>,
    pub enabled: Option<bool>,
    pub expected_version: Option<Version>,
    pub cipher: Arc<dyn SecretCipher>,
}

#[async_trait]
impl Command for EditIdentityProvider {
    type Output = IdentityProviderView;
    const NAME: &'static str = "identity_provider.update";
    const ACCESS: TokenAccess = TokenAccess::Session;

    async fn handle(&self, work: &mut Work<'_>) -> Result<IdentityProviderView, AppError> {
        work.require(Permission::ManageIdentityProviders).await?;
        let mut provider = find(work, self.provider).await?;
        check_version(self.expected_version, provider.state().version)?;
        let settings = self.apply_to(provider.state().settings.clone());
        if let Some(roles) = &self.group_roles {
            ensure_known_roles(work, roles).await?;
        }
        // As it was and as it will be: who points it at another server would have that one give the roles.
        ensure_covers_roles(work, &provider.state().settings).await?;
        ensure_covers_roles(work, &settings).await?;
        let secret = match &self.client_secret {
            Some(secret) => Some(seal(self.cipher.as_ref(), self.provider, secret.as_ref())?),
            None => None,
        };
        provider.edit(settings, secret, work.now())?;
        Ok(work.unit().identity_providers().save(provider).await?.into())
    }
}

impl EditIdentityProvider {
    fn apply_to(&self, before: ProviderSettings) -> ProviderSettings {
        ProviderSettings {
            name: self.name.clone().unwrap_or(before.name),
            issuer: self.issuer.clone().unwrap_or(before.issuer),
            client_id: self.client_id.clone().unwrap_or(before.client_id),
            scopes: self.scopes.clone().unwrap_or(before.scopes),
            domains: self.domains.clone().unwrap_or(before.domains),
            groups_claim: self.groups_claim.clone().unwrap_or(before.groups_claim),
            group_roles: self.group_roles.clone().unwrap_or(before.group_roles),
            default_role: self.default_role.unwrap_or(before.default_role),
            provisioning: self.provisioning.unwrap_or(before.provisioning),
            enabled: self.enabled.unwrap_or(before.enabled),
        }
    }
}
