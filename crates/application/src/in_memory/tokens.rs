use std::cmp::Reverse;

use async_trait::async_trait;
use tenon_domain::identity::{PersonalAccessToken, PersonalAccessTokenState, TokenCount};
use tenon_domain::{OrganizationId, Timestamp, TokenId, UserId};

use super::data::MemoryStore;
use super::unit::MemoryUnit;
use crate::actor::Viewer;
use crate::identity::{TokenArchive, TokenQueries, TokenRepository, TokenView};
use crate::page::{Page, PageRequest, Position, Unsorted};
use crate::unit_of_work::StoreError;

#[async_trait]
impl TokenRepository for MemoryUnit {
    async fn find(&mut self, id: TokenId) -> Result<Option<PersonalAccessToken>, StoreError> {
        let tenant = self.tenant()?;
        let mut live = self.data.tokens.iter().filter(|it| it.organization_id == tenant && it.revoked_at.is_none());
        Ok(live.find(|it| it.id == id).cloned().map(PersonalAccessToken::restore))
    }

    async fn save(&mut self, token: PersonalAccessToken) -> Result<PersonalAccessTokenState, StoreError> {
        let (state, events) = token.into_parts();
        if state.organization_id != self.tenant()? {
            return Err(StoreError::Stale);
        }
        self.data.tokens.retain(|it| it.id != state.id);
        self.data.tokens.push(state.clone());
        self.tell(events);
        Ok(state)
    }

    async fn count(&mut self, owner: UserId, now: Timestamp) -> Result<TokenCount, StoreError> {
        let tenant = self.tenant()?;
        let own = self.data.tokens.iter().filter(|it| (it.organization_id, it.owner_id) == (tenant, owner));
        let (live, kept) = (own.clone().filter(|it| it.is_live(now)).count(), own.count());
        Ok(TokenCount { live: live as u64, kept: kept as u64 })
    }

    async fn revoke_all(&mut self, owner: UserId, now: Timestamp) -> Result<Vec<TokenId>, StoreError> {
        let tenant = self.tenant()?;
        Ok(self.revoke_those(|it| (it.organization_id, it.owner_id) == (tenant, owner), now))
    }

    async fn revoke_everywhere(&mut self, owner: UserId, now: Timestamp) -> Result<Vec<TokenId>, StoreError> {
        Ok(self.revoke_those(|it| it.owner_id == owner, now))
    }
}

impl MemoryUnit {
    fn revoke_those(&mut self, are_meant: impl Fn(&PersonalAccessTokenState) -> bool, now: Timestamp) -> Vec<TokenId> {
        let mut revoked = Vec::new();
        for token in self.data.tokens.iter_mut().filter(|it| are_meant(it) && it.is_live(now)) {
            token.revoked_at = Some(now);
            revoked.push(token.id);
        }
        revoked
    }
}

impl MemoryStore {
    /// The tokens that are not revoked, newest first.
    fn tokens_of(&self, organization: OrganizationId, owner: Option<UserId>) -> Vec<TokenView> {
        let data = self.data();
        let name = |user: UserId| data.users.iter().find(|it| it.id == user).map(|it| it.display_name.to_string());
        let live = data.tokens.iter().filter(|it| it.organization_id == organization && it.revoked_at.is_none());
        let owned = live.filter(|it| owner.is_none_or(|owner| it.owner_id == owner)).cloned();
        let mut views: Vec<_> = owned
            .map(|it| (name(it.owner_id), it))
            .map(|(name, it)| TokenView::new(it, name.unwrap_or_default()))
            .collect();
        views.sort_by_key(|view| Reverse(view.id));
        views
    }
}

#[async_trait]
impl TokenQueries for MemoryStore {
    async fn list(
        &self,
        viewer: Viewer,
        owner: Option<UserId>,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<TokenView>, StoreError> {
        let views = self.tokens_of(viewer.organization, owner);
        let total = request.include_total.then_some(views.len() as u64);
        Ok(Page::cut(views, request.limit, total, |view| Position { values: Vec::new(), id: view.id.uuid() }))
    }

    async fn find(&self, viewer: Viewer, owner: Option<UserId>, id: TokenId) -> Result<Option<TokenView>, StoreError> {
        Ok(self.tokens_of(viewer.organization, owner).into_iter().find(|view| view.id == id))
    }
}

#[async_trait]
impl TokenArchive for MemoryStore {
    async fn note_use(&self, organization: OrganizationId, token: TokenId, at: Timestamp) -> Result<(), StoreError> {
        let mut data = self.data();
        let used = data.tokens.iter_mut().filter(|it| it.organization_id == organization && it.id == token);
        used.for_each(|it| it.last_used_at = it.last_used_at.max(Some(at)));
        Ok(())
    }

    async fn purge(&self, ended_before: Timestamp) -> Result<u64, StoreError> {
        let mut data = self.data();
        let before = data.tokens.len();
        let is_over = |end: Option<Timestamp>| end.is_some_and(|end| end < ended_before);
        data.tokens.retain(|it| !is_over(it.revoked_at) && !is_over(it.expires_at));
        Ok((before - data.tokens.len()) as u64)
    }
}
