//! Which sessions live and who has which role: asked on every request, so answered from a cache.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeZone;
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::UserKind;
use tenon_domain::{OrganizationId, SessionId, Timestamp, UserId};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::IdentityQueries;
use super::accounts::ACCESS_TOKEN_LIFETIME;
use super::tokens::{lookups, token_key};
use crate::actor::Viewer;
use crate::command::Effect;
use crate::error::AppError;
use crate::ports::{Availability, Cache, Lookup};
use crate::unit_of_work::StoreError;

/// A session as the cache knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CachedSession {
    Live { user: UserId, expires_at: Timestamp },
    Ended,
}

impl CachedSession {
    fn encode(&self) -> String {
        match self {
            Self::Live { user, expires_at } => format!("{user} {}", expires_at.timestamp_millis()),
            Self::Ended => "ended".to_owned(),
        }
    }

    fn decode(text: &str) -> Option<Self> {
        if text == "ended" {
            return Some(Self::Ended);
        }
        let (user, expires_at) = text.split_once(' ')?;
        let expires_at = chrono::Utc.timestamp_millis_opt(expires_at.parse().ok()?).single()?;
        Some(Self::Live { user: Uuid::parse_str(user).ok()?.into(), expires_at })
    }
}

/// Sessions, tokens, roles and who lacks a second factor, from the cache or the database. Changes are announced to
/// every instance after their commit.
#[derive(Clone)]
pub struct SessionDirectory {
    pub(super) cache: Arc<dyn Cache>,
    pub(super) queries: Arc<dyn IdentityQueries>,
    pub(super) availability: Availability,
    pub(super) token_lookups: Arc<Semaphore>,
}

/// An entry is of no use once every access token issued before it has expired.
pub(super) const TIME_TO_LIVE: Duration = Duration::from_secs(ACCESS_TOKEN_LIFETIME.num_seconds().unsigned_abs());
const NO_ROLE: &str = "none";
const YES: &str = "yes";
const NO: &str = "no";

impl SessionDirectory {
    pub fn new(cache: Arc<dyn Cache>, queries: Arc<dyn IdentityQueries>) -> Self {
        Self { cache, queries, availability: Availability::always(), token_lookups: lookups() }
    }

    /// Misses of the cache do not wait for a database that is known to be away.
    pub fn watching(self, availability: Availability) -> Self {
        Self { availability, ..self }
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

    pub async fn role(&self, organization: OrganizationId, user: UserId) -> Result<Option<OrganizationRole>, AppError> {
        let key = role_key(organization, user);
        let ticket = match self.cache.get(&key).await {
            Lookup::Found(cached) => return Ok(OrganizationRole::parse(&cached)),
            Lookup::Missing(ticket) => ticket,
        };
        let role = self.availability.within_reach(self.queries.role(organization, user)).await?;
        let text = role.map_or(NO_ROLE, OrganizationRole::as_str);
        self.cache.fill(&key, ticket, text, TIME_TO_LIVE).await;
        Ok(role)
    }

    /// A session only ever ends: that it lives is found in the database, and never overrules an end.
    pub(crate) async fn session_ended(&self, id: SessionId) {
        self.cache.put(&session_key(id), &CachedSession::Ended.encode(), TIME_TO_LIVE).await;
    }

    pub(crate) async fn role_changed(
        &self,
        organization: OrganizationId,
        user: UserId,
        role: Option<OrganizationRole>,
    ) {
        let text = role.map_or(NO_ROLE, OrganizationRole::as_str);
        self.cache.put(&role_key(organization, user), text, TIME_TO_LIVE).await;
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
                Effect::RoleChanged { organization, user, .. } => role_key(*organization, *user),
                Effect::MfaChanged { user } => mfa_key(*user),
                Effect::MfaRequirementChanged { organization } => mfa_requirement_key(*organization),
            })
            .collect();
        if !keys.is_empty() {
            self.cache.invalidate(&keys).await;
        }
    }
}

fn session_key(id: SessionId) -> String {
    format!("session:{id}")
}

fn mfa_key(user: UserId) -> String {
    format!("mfa:{user}")
}

fn mfa_requirement_key(organization: OrganizationId) -> String {
    format!("mfa-requirement:{organization}")
}

fn role_key(organization: OrganizationId, user: UserId) -> String {
    format!("role:{organization}:{user}")
}
