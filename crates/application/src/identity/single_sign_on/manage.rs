use std::sync::Arc;

use async_trait::async_trait;
use tenon_domain::access::{Permission, Scope};
use tenon_domain::identity::{GroupRoles, IdentityError, IdentityProvider, ProviderSettings, SealedSecret};
use tenon_domain::organizations::MemberRole;
use tenon_domain::{IdentityProviderId, Version};

use super::providers::secret_place;
use super::{IdentityProviderView, OidcClientSecret};
use crate::command::{Command, Work, check_version};
use crate::error::AppError;
use crate::organizations::{ensure_covers, held_roles};
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::secrets::SecretCipher;
use crate::token_access::TokenAccess;

/// What a new identity provider is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityProviderInput {
    pub settings: ProviderSettings,
    pub client_secret: Option<OidcClientSecret>,
}

/// Lets an identity provider vouch for the people of the organization.
///
/// No personal access token is good for that: whoever finds one could make it vouch for themselves as anybody.
#[derive(Clone)]
pub struct CreateIdentityProvider {
    pub input: IdentityProviderInput,
    pub cipher: Arc<dyn SecretCipher>,
}

#[async_trait]
impl Command for CreateIdentityProvider {
    type Output = IdentityProviderView;
    const NAME: &'static str = "identity_provider.create";
    const ACCESS: TokenAccess = TokenAccess::Session;

    async fn handle(&self, work: &mut Work<'_>) -> Result<IdentityProviderView, AppError> {
        work.require(Permission::ManageIdentityProviders).await?;
        let others = work.unit().identity_providers().count().await?;
        ensure_known_roles(work, &self.input.settings.group_roles).await?;
        ensure_covers_roles(work, &self.input.settings).await?;
        let (id, now): (IdentityProviderId, _) = (work.next_id(), work.now());
        let secret = seal(self.cipher.as_ref(), id, self.input.client_secret.as_ref())?;
        let provider = IdentityProvider::create(id, self.input.settings.clone(), secret, others, now)?;
        Ok(work.unit().identity_providers().save(provider).await?.into())
    }
}

/// Has an identity provider vouch for nobody any more, and forgets whom it vouched for.
#[derive(Clone, Copy, Debug)]
pub struct RemoveIdentityProvider {
    pub provider: IdentityProviderId,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for RemoveIdentityProvider {
    type Output = ();
    const NAME: &'static str = "identity_provider.delete";
    const ACCESS: TokenAccess = TokenAccess::Session;

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        work.require(Permission::ManageIdentityProviders).await?;
        let mut provider = find(work, self.provider).await?;
        check_version(self.expected_version, provider.state().version)?;
        provider.remove();
        Ok(work.unit().identity_providers().remove(provider).await?)
    }
}

/// The identity providers of the organization, newest first.
#[derive(Clone, Debug)]
pub struct ListIdentityProviders {
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListIdentityProviders {
    type Output = Page<IdentityProviderView>;
    const NAME: &'static str = "identity_provider.list";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::OrganizationRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<IdentityProviderView>, AppError> {
        let viewer = reader.require(Permission::ManageIdentityProviders)?;
        Ok(reader.queries().identity_providers.list(viewer, &self.page).await?)
    }
}

/// One identity provider of the organization.
#[derive(Clone, Copy, Debug)]
pub struct FindIdentityProvider {
    pub provider: IdentityProviderId,
}

#[async_trait]
impl Query for FindIdentityProvider {
    type Output = IdentityProviderView;
    const NAME: &'static str = "identity_provider.find";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::OrganizationRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<IdentityProviderView, AppError> {
        let viewer = reader.require(Permission::ManageIdentityProviders)?;
        let found = reader.queries().identity_providers.find(viewer, self.provider).await?;
        found.ok_or(AppError::NotFound("identity_provider"))
    }
}

pub(super) async fn find(work: &mut Work<'_>, id: IdentityProviderId) -> Result<IdentityProvider, AppError> {
    let found = work.unit().identity_providers().find(id).await?;
    found.ok_or(AppError::NotFound("identity_provider"))
}

/// Refuses custom roles for groups that there are not, or that are for projects.
pub(super) async fn ensure_known_roles(work: &mut Work<'_>, roles: &GroupRoles) -> Result<(), AppError> {
    let custom = roles.custom();
    let are_known = held_roles(work, &custom).await?.len() == custom.len();
    if are_known { Ok(()) } else { Err(IdentityError::GroupRoleUnknown.into()) }
}

/// Refuses who may do less than somebody could whom the provider lets in: nobody gives more than they have. Custom roles
/// that are gone give nothing.
pub(super) async fn ensure_covers_roles(work: &mut Work<'_>, settings: &ProviderSettings) -> Result<(), AppError> {
    let custom = held_roles(work, &settings.group_roles.custom()).await?;
    let system = settings.group_roles.iter().filter_map(|(_, role)| role.system()).chain(settings.default_role);
    let mut roles = system.map(MemberRole::from).chain(custom);
    roles.try_for_each(|role| ensure_covers(work, role.access().reach()))
}

pub(super) fn seal(
    cipher: &dyn SecretCipher,
    provider: IdentityProviderId,
    secret: Option<&OidcClientSecret>,
) -> Result<Option<SealedSecret>, AppError> {
    let Some(secret) = secret else { return Ok(None) };
    if !(1..=IdentityProvider::MAX_SECRET_CHARS).contains(&secret.expose().chars().count()) {
        return Err(IdentityError::ProviderSecret.into());
    }
    cipher.seal(secret_place(provider.uuid()), secret.expose().as_bytes()).map(Some)
}
