//! Identity providers in memory.

use std::cmp::Reverse;

use async_trait::async_trait;
use tenon_domain::identity::{
    ExternalIdentity, ExternalSubject, IdentityProvider, IdentityProviderState, Issuer, ProviderDomains, ProviderKey,
    SignInCode,
};
use tenon_domain::organizations::DomainName;
use tenon_domain::{ExternalIdentityId, IdentityProviderId, OrganizationId, SignInCodeId, UserId};
use uuid::Uuid;

use super::data::{MemoryStore, next_version};
use super::unit::MemoryUnit;
use crate::actor::Viewer;
use crate::identity::{
    ExternalIdentityRepository, ExternalIdentityView, IdentityProviderQueries, IdentityProviderRepository,
    IdentityProviderView, SignInCodeRepository, SignInProvider, StoredProvider,
};
use crate::page::{Page, PageRequest, Position, Unsorted};
use crate::unit_of_work::StoreError;

#[async_trait]
impl IdentityProviderRepository for MemoryUnit {
    async fn find(&mut self, id: IdentityProviderId) -> Result<Option<IdentityProvider>, StoreError> {
        let tenant = self.tenant()?;
        let found = self.data.identity_providers.iter().find(|(org, it)| *org == tenant && it.id == id);
        Ok(found.map(|(_, it)| IdentityProvider::restore(it.clone())))
    }

    async fn count(&mut self) -> Result<u64, StoreError> {
        let tenant = self.tenant()?;
        Ok(self.data.identity_providers.iter().filter(|(org, _)| *org == tenant).count() as u64)
    }

    async fn save(&mut self, provider: IdentityProvider) -> Result<IdentityProviderState, StoreError> {
        let tenant = self.tenant()?;
        let (mut state, events) = provider.into_parts();
        if events.is_empty() {
            return Ok(state);
        }
        let providers = &mut self.data.identity_providers;
        let stored = providers.iter().find(|(_, it)| it.id == state.id).map(|(_, it)| it.version);
        state.version = next_version(state.version, stored)?;
        providers.retain(|(_, it)| it.id != state.id);
        providers.push((tenant, state.clone()));
        self.tell(events);
        Ok(state)
    }

    async fn remove(&mut self, provider: IdentityProvider) -> Result<(), StoreError> {
        let (state, events) = provider.into_parts();
        let providers = &mut self.data.identity_providers;
        let found = providers.iter().position(|(_, it)| it.id == state.id && it.version == state.version);
        providers.remove(found.ok_or(StoreError::Stale)?);
        self.data.external_identities.retain(|it| it.provider.id() != Some(state.id));
        self.tell(events);
        Ok(())
    }
}

#[async_trait]
impl ExternalIdentityRepository for MemoryUnit {
    async fn find(
        &mut self,
        provider: &ProviderKey,
        issuer: &Issuer,
        subject: &ExternalSubject,
    ) -> Result<Option<ExternalIdentity>, StoreError> {
        let mut all = self.data.external_identities.iter();
        let found = all.find(|it| it.provider == *provider && it.issuer == *issuer && it.subject == *subject);
        Ok(found.cloned().map(ExternalIdentity::restore))
    }

    async fn find_own(&mut self, user: UserId, id: ExternalIdentityId) -> Result<Option<ExternalIdentity>, StoreError> {
        let found = self.data.external_identities.iter().find(|it| it.user_id == user && it.id == id);
        Ok(found.cloned().map(ExternalIdentity::restore))
    }

    async fn all_of(&mut self, user: UserId) -> Result<Vec<ExternalIdentity>, StoreError> {
        let own = self.data.external_identities.iter().filter(|it| it.user_id == user);
        Ok(own.cloned().map(ExternalIdentity::restore).collect())
    }

    async fn is_known(&mut self, user: UserId, provider: &ProviderKey, issuer: &Issuer) -> Result<bool, StoreError> {
        let mut all = self.data.external_identities.iter();
        Ok(all.any(|it| it.user_id == user && it.provider == *provider && it.issuer == *issuer))
    }

    async fn count_of(&mut self, user: UserId) -> Result<u64, StoreError> {
        Ok(self.data.external_identities.iter().filter(|it| it.user_id == user).count() as u64)
    }

    async fn save(&mut self, identity: ExternalIdentity) -> Result<(), StoreError> {
        let is_new = identity.is_new();
        let (state, events) = identity.into_parts();
        let all = &mut self.data.external_identities;
        let known = all
            .iter()
            .position(|it| (&it.provider, &it.issuer, &it.subject) == (&state.provider, &state.issuer, &state.subject));
        match known {
            Some(_) if is_new => return Err(StoreError::Duplicate("subject".to_owned())),
            Some(at) => all[at] = state,
            None if is_new => all.push(state),
            None => return Err(StoreError::Stale),
        }
        self.tell(events);
        Ok(())
    }

    async fn remove(&mut self, identity: ExternalIdentity) -> Result<(), StoreError> {
        let (state, events) = identity.into_parts();
        self.data.external_identities.retain(|it| it.id != state.id);
        self.tell(events);
        Ok(())
    }

    async fn erase_all(&mut self, user: UserId) -> Result<(), StoreError> {
        self.data.external_identities.retain(|it| it.user_id != user);
        Ok(())
    }
}

#[async_trait]
impl SignInCodeRepository for MemoryUnit {
    async fn issue(&mut self, code: SignInCode) -> Result<(), StoreError> {
        self.data.sign_in_codes.push(code.into_state());
        Ok(())
    }

    async fn find(&mut self, id: SignInCodeId) -> Result<Option<SignInCode>, StoreError> {
        Ok(self.data.sign_in_codes.iter().find(|it| it.id == id).cloned().map(SignInCode::restore))
    }

    async fn remove(&mut self, id: SignInCodeId) -> Result<(), StoreError> {
        self.data.sign_in_codes.retain(|it| it.id != id);
        Ok(())
    }
}

fn cut<T>(mut items: Vec<T>, page: &PageRequest<Unsorted>, id: impl Fn(&T) -> Uuid) -> Page<T> {
    items.sort_by_key(|it| Reverse(id(it)));
    let total = page.include_total.then_some(items.len() as u64);
    Page::cut(items, page.limit, total, |it| Position { values: Vec::new(), id: id(it) })
}

#[async_trait]
impl IdentityProviderQueries for MemoryStore {
    async fn list(
        &self,
        viewer: Viewer,
        page: &PageRequest<Unsorted>,
    ) -> Result<Page<IdentityProviderView>, StoreError> {
        let own = self.data().identity_providers.clone().into_iter().filter(|(org, _)| *org == viewer.organization);
        Ok(cut(own.map(|(_, it)| IdentityProviderView::from(it)).collect(), page, |it| it.id.uuid()))
    }

    async fn find(&self, viewer: Viewer, id: IdentityProviderId) -> Result<Option<IdentityProviderView>, StoreError> {
        let stored = self.stored(id).await?.filter(|it| it.organization == viewer.organization);
        Ok(stored.map(|it| it.state.into()))
    }

    async fn stored(&self, id: IdentityProviderId) -> Result<Option<StoredProvider>, StoreError> {
        let data = self.data();
        let found = data.identity_providers.iter().find(|(_, it)| it.id == id);
        Ok(found.map(|(organization, it)| StoredProvider { organization: *organization, state: it.clone() }))
    }

    /// Takes every domain for proved.
    async fn serving(&self, domain: &DomainName) -> Result<Vec<SignInProvider>, StoreError> {
        let data = self.data();
        let mut serving = Vec::new();
        for (_, it) in &data.identity_providers {
            let domains = it.settings.domains.to_strings();
            if it.settings.enabled && domains.iter().any(|name| name == domain.as_str()) {
                serving.push(SignInProvider { key: it.id.to_string(), name: it.settings.name.to_string() });
            }
        }
        Ok(serving)
    }

    async fn has_proved(&self, organization: OrganizationId, domains: &ProviderDomains) -> Result<bool, StoreError> {
        let names = domains.to_strings();
        let mut own = self.data().domains.clone().into_iter().filter(|(org, _)| *org == organization);
        Ok(own.any(|(_, it)| it.verified_at.is_some() && names.iter().any(|name| name == it.name.as_str())))
    }

    async fn identities(
        &self,
        user: UserId,
        page: &PageRequest<Unsorted>,
    ) -> Result<Page<ExternalIdentityView>, StoreError> {
        let own = self.data().external_identities.clone().into_iter().filter(|it| it.user_id == user);
        Ok(cut(own.map(ExternalIdentityView::from).collect(), page, |it| it.id.uuid()))
    }
}
