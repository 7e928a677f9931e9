//! Which tokens live: asked on every request that comes with one, so answered from the cache of sessions.

use std::sync::Arc;

use chrono::TimeZone;
use tenon_domain::access::Scopes;
use tenon_domain::identity::TokenHash;
use tenon_domain::{OrganizationId, Timestamp, TokenId, UserId};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{Sent, TokenFacts};
use crate::error::AppError;
use crate::identity::SessionDirectory;
use crate::identity::directory::TIME_TO_LIVE;
use crate::ports::Lookup;
use crate::unit_of_work::StoreError;

/// How many tokens are looked for in the database at a time. Anybody can make up texts that look like tokens: they wait
/// for one another, and not for the connections that everybody needs.
const LOOKUPS: usize = 4;

/// The turns of those who look for a token in the database.
pub(in crate::identity) fn lookups() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(LOOKUPS))
}

/// A token as the cache knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CachedToken {
    Live {
        owner: UserId,
        organization: OrganizationId,
        scopes: Scopes,
        expires_at: Option<Timestamp>,
        hash: TokenHash,
    },
    /// Revoked, or never issued.
    Ended,
}

/// Stands for "never" where a moment is expected.
const NEVER: &str = "-";

impl CachedToken {
    fn encode(&self) -> String {
        match self {
            Self::Live { owner, organization, scopes, expires_at, hash } => {
                let end = expires_at.map_or_else(|| NEVER.to_owned(), |end| end.timestamp_millis().to_string());
                format!("{owner}\n{organization}\n{end}\n{scopes}\n{}", hash.as_str())
            }
            Self::Ended => "ended".to_owned(),
        }
    }

    fn decode(text: &str) -> Option<Self> {
        if text == "ended" {
            return Some(Self::Ended);
        }
        let mut fields = text.splitn(5, '\n');
        let owner = Uuid::parse_str(fields.next()?).ok()?.into();
        let organization = Uuid::parse_str(fields.next()?).ok()?.into();
        let expires_at = match fields.next()? {
            NEVER => None,
            end => Some(chrono::Utc.timestamp_millis_opt(end.parse().ok()?).single()?),
        };
        let scopes = Scopes::restore(fields.next()?);
        Some(Self::Live { owner, organization, scopes, expires_at, hash: TokenHash::new(fields.next()?.to_owned()) })
    }
}

impl From<Option<TokenFacts>> for CachedToken {
    fn from(found: Option<TokenFacts>) -> Self {
        match found {
            Some(facts) if !facts.revoked => Self::Live {
                owner: facts.owner,
                organization: facts.organization,
                scopes: facts.scopes,
                expires_at: facts.expires_at,
                hash: facts.hash,
            },
            _ => Self::Ended,
        }
    }
}

impl SessionDirectory {
    pub(in crate::identity) async fn token(&self, id: TokenId, sent: Sent) -> Result<CachedToken, AppError> {
        let key = token_key(id);
        let found = self.cache.get(&key).await;
        if let Lookup::Found(cached) = &found
            && let Some(token) = CachedToken::decode(cached)
        {
            return Ok(token);
        }
        self.token_guesses.check(sent)?;
        let look = async {
            let _turn = self.token_lookups.acquire().await.map_err(|error| StoreError::Broken(error.to_string()))?;
            self.queries.token(id).await
        };
        let facts = self.availability.within_reach(look).await?;
        if facts.is_none() {
            self.token_guesses.count(sent).await;
        }
        let token = CachedToken::from(facts);
        if let Lookup::Missing(ticket) = found {
            self.cache.fill(&key, ticket, &token.encode(), TIME_TO_LIVE).await;
        }
        Ok(token)
    }

    /// A token only ever ends, like a session.
    pub(crate) async fn token_revoked(&self, id: TokenId) {
        self.cache.put(&token_key(id), &CachedToken::Ended.encode(), TIME_TO_LIVE).await;
    }
}

pub(in crate::identity) fn token_key(id: TokenId) -> String {
    format!("token:{id}")
}

#[cfg(test)]
mod tests {
    use tenon_domain::access::Scope;

    use super::*;
    use crate::in_memory::{Person, Scene, at};

    #[test]
    fn a_token_comes_back_as_it_was_kept() {
        let live = |expires_at, scopes: &[Scope]| CachedToken::Live {
            owner: Person::Peer.id(),
            organization: Scene::ACME,
            scopes: scopes.iter().copied().collect(),
            expires_at,
            hash: TokenHash::new("digest of it".to_owned()),
        };
        for token in [
            live(None, &[Scope::TasksRead]),
            live(Some(at(7)), &[Scope::TasksWrite, Scope::AdminAudit]),
            live(Some(at(-9)), &[]),
            CachedToken::Ended,
        ] {
            assert_eq!(CachedToken::decode(&token.encode()), Some(token));
        }
        for broken in ["", "-", "ended ", "x\ny\n-\nz\nw"] {
            assert_eq!(CachedToken::decode(broken), None, "{broken:?}");
        }
        let cut = live(None, &[]).encode().rsplit_once('\n').unwrap().0.to_owned();
        assert_eq!(CachedToken::decode(&cut), None);
    }
}
