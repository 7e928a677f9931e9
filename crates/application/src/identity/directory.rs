//! Which sessions live and who has which role: asked on every request, so answered from a cache.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeZone;
use tenon_domain::access::OrganizationRole;
use tenon_domain::{OrganizationId, SessionId, Timestamp, UserId};
use uuid::Uuid;

use super::IdentityQueries;
use super::accounts::ACCESS_TOKEN_LIFETIME;
use crate::command::Effect;
use crate::error::AppError;
use crate::ports::{Availability, Cache, Lookup};

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

/// Sessions and roles, from the cache or the database. Changes are announced to every instance after their commit.
#[derive(Clone)]
pub struct SessionDirectory {
    cache: Arc<dyn Cache>,
    queries: Arc<dyn IdentityQueries>,
    availability: Availability,
}

/// An entry is of no use once every access token issued before it has expired.
const TIME_TO_LIVE: Duration = Duration::from_secs(ACCESS_TOKEN_LIFETIME.num_seconds().unsigned_abs());
const NO_ROLE: &str = "none";

impl SessionDirectory {
    pub fn new(cache: Arc<dyn Cache>, queries: Arc<dyn IdentityQueries>) -> Self {
        Self { cache, queries, availability: Availability::always() }
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

    /// Forgets what these may have changed: the next to ask finds it in the database.
    pub(crate) async fn forget(&self, effects: &[Effect]) {
        let keys: Vec<_> = effects
            .iter()
            .map(|effect| match effect {
                Effect::SessionEnded { session } => session_key(*session),
                Effect::RoleChanged { organization, user, .. } => role_key(*organization, *user),
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

fn role_key(organization: OrganizationId, user: UserId) -> String {
    format!("role:{organization}:{user}")
}
