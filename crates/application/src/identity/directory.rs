//! Which sessions live and who has which role: asked on every request, so answered from a cache.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tenon_domain::access::{OrganizationAccess, Permissions};
use tenon_domain::identity::UserKind;
use tenon_domain::{CustomRoleId, OrganizationId, SessionId, UserId};
use tokio::sync::Semaphore;

use super::IdentityQueries;
use super::accounts::ACCESS_TOKEN_LIFETIME;
pub use super::cached::CachedSession;
use super::cached::{CachedRole, NO_ROLE, custom_role_key, mfa_key, mfa_requirement_key, role_key, session_key};
use super::tokens::{TokenGuesses, lookups, token_key};
use crate::actor::Viewer;
use crate::command::Effect;
use crate::error::AppError;
use crate::ports::{Availability, Cache, Lookup};
use crate::unit_of_work::StoreError;

/// Sessions, tokens, roles and who lacks a second factor, from the cache or the database. Changes are announced to
/// every instance after their commit.
#[derive(Clone)]
pub struct SessionDirectory {
    pub(super) cache: Arc<dyn Cache>,
    pub(super) queries: Arc<dyn IdentityQueries>,
    pub(super) availability: Availability,
    pub(super) token_lookups: Arc<Semaphore>,
    pub(super) token_guesses: TokenGuesses,
}

/// An entry is of no use once every access token issued before it has expired.
pub(super) const TIME_TO_LIVE: Duration = Duration::from_secs(ACCESS_TOKEN_LIFETIME.num_seconds().unsigned_abs());
const YES: &str = "yes";
const NO: &str = "no";

impl SessionDirectory {
    pub fn new(cache: Arc<dyn Cache>, queries: Arc<dyn IdentityQueries>) -> Self {
        let token_guesses = TokenGuesses::default();
        Self { cache, queries, availability: Availability::always(), token_lookups: lookups(), token_guesses }
    }

    /// Misses of the cache do not wait for a database that is known to be away.
    pub fn watching(self, availability: Availability) -> Self {
        Self { availability, ..self }
    }

    /// Who makes up personal access tokens is stopped after a while.
    #[must_use]
    pub fn limiting(self, token_guesses: TokenGuesses) -> Self {
        Self { token_guesses, ..self }
    }

    pub async fn session(&self, id: SessionId) -> Result<CachedSession, AppError> {
        let key = session_key(id);
        let found = self.cache.get(&key).await;
        if let Lookup::Found(cached) = &found
            && let Some(session) = CachedSession::decode(cached)
        {
            return Ok(session);
        }
        let session = match self.availability.within_reach(self.queries.session(id)).await? {
            Some(facts) if !facts.revoked => CachedSession::Live { user: facts.user_id, expires_at: facts.expires_at },
            _ => CachedSession::Ended,
        };
        if let Lookup::Missing(ticket) = found {
            self.cache.fill(&key, ticket, &session.encode(), TIME_TO_LIVE).await;
        }
        Ok(session)
    }

    /// What a member may do. One with a custom role costs a second lookup.
    pub async fn role(
        &self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<OrganizationAccess>, AppError> {
        let key = role_key(organization, user);
        let found = self.cache.get(&key).await;
        if let Lookup::Found(cached) = &found {
            match CachedRole::decode(cached) {
                Some(CachedRole::Absent) => return Ok(None),
                Some(CachedRole::System(role)) => return Ok(Some(role.into())),
                Some(CachedRole::Custom(role, id)) => {
                    // A role that is gone is nobody's any more: what the member has instead is found anew.
                    if let Some(permissions) = self.custom_role(organization, id).await? {
                        return Ok(Some(OrganizationAccess { role, custom_role: Some(id), permissions }));
                    }
                }
                None => {}
            }
        }
        let access = self.availability.within_reach(self.queries.role(organization, user)).await?;
        if let Lookup::Missing(ticket) = found {
            self.cache.fill(&key, ticket, &CachedRole::of(access).encode(), TIME_TO_LIVE).await;
        }
        Ok(access)
    }

    /// What a custom role permits, as long as there is such a role.
    async fn custom_role(
        &self,
        organization: OrganizationId,
        id: CustomRoleId,
    ) -> Result<Option<Permissions>, AppError> {
        let key = custom_role_key(organization, id);
        let ticket = match self.cache.get(&key).await {
            Lookup::Found(cached) if &*cached == NO_ROLE => return Ok(None),
            Lookup::Found(cached) => return Ok(Some(Permissions::restore(&cached))),
            Lookup::Missing(ticket) => ticket,
        };
        let permissions = self.availability.within_reach(self.queries.custom_role(organization, id)).await?;
        let text = permissions.map_or_else(|| NO_ROLE.to_owned(), |permissions| permissions.to_string());
        self.cache.fill(&key, ticket, &text, TIME_TO_LIVE).await;
        Ok(permissions)
    }

    /// A session only ever ends: that it lives is found in the database, and never overrules an end.
    pub(crate) async fn session_ended(&self, id: SessionId) {
        self.cache.put(&session_key(id), &CachedSession::Ended.encode(), TIME_TO_LIVE).await;
    }

    pub(crate) async fn role_changed(
        &self,
        organization: OrganizationId,
        user: UserId,
        access: Option<OrganizationAccess>,
    ) {
        let text = CachedRole::of(access).encode();
        self.cache.put(&role_key(organization, user), &text, TIME_TO_LIVE).await;
    }

    /// Refuses who lacks the second factor that the organization requires of its members.
    pub(crate) async fn check_mfa(&self, viewer: Viewer) -> Result<(), AppError> {
        let Viewer { user, organization, .. } = viewer;
        let is_required = async { self.queries.requires_mfa(organization).await };
        if !self.known(&mfa_requirement_key(organization), is_required).await? {
            return Ok(());
        }
        let has_it = async {
            // A program has none. Its tokens are made by people who need one for that.
            let is_enabled = self.queries.second_factors(user).await?.is_enabled();
            Ok::<_, StoreError>(is_enabled || self.queries.kind(user).await? == Some(UserKind::Service))
        };
        if self.known(&mfa_key(user), has_it).await? { Ok(()) } else { Err(AppError::MfaEnrollmentRequired) }
    }

    /// Whether something is so: from the cache, or as it was found.
    async fn known(&self, key: &str, find: impl Future<Output = Result<bool, StoreError>>) -> Result<bool, AppError> {
        let ticket = match self.cache.get(key).await {
            Lookup::Found(cached) => return Ok(&*cached == YES),
            Lookup::Missing(ticket) => ticket,
        };
        let is_so = self.availability.within_reach(find).await?;
        self.cache.fill(key, ticket, if is_so { YES } else { NO }, TIME_TO_LIVE).await;
        Ok(is_so)
    }

    /// Forgets what these may have changed: the next to ask finds it in the database.
    pub(crate) async fn forget(&self, effects: &[Effect]) {
        let keys: Vec<_> = effects
            .iter()
            .map(|effect| match effect {
                Effect::SessionEnded { session } => session_key(*session),
                Effect::TokenRevoked { token } => token_key(*token),
                Effect::RoleChanged { organization, user, .. } | Effect::RoleUnknown { organization, user } => {
                    role_key(*organization, *user)
                }
                Effect::CustomRoleChanged { organization, role } => custom_role_key(*organization, *role),
                Effect::MfaChanged { user } => mfa_key(*user),
                Effect::MfaRequirementChanged { organization } => mfa_requirement_key(*organization),
            })
            .collect();
        if !keys.is_empty() {
            self.cache.invalidate(&keys).await;
        }
    }
}
