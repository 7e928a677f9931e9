//! Access tokens that another issuer signed: whom they are about, and what they are good for.

use std::time::Duration;

use async_trait::async_trait;
use tenon_domain::access::Scopes;
use tenon_domain::identity::Email;
use tenon_domain::{OrganizationId, Timestamp, UserId};
use uuid::Uuid;

use super::{SecretTokens, SessionDirectory};
use crate::actor::Denial;
use crate::error::AppError;
use crate::ports::Lookup;
use crate::unit_of_work::StoreError;

/// Reads the access tokens of the issuers that the configuration names.
#[async_trait]
pub trait ExternalTokens: Send + Sync {
    /// What a token says that one of them signed and that is good now. [`AppError::UnavailableFor`] if it is not known yet
    /// what its issuer signs with.
    async fn read(&self, token: &str, now: Timestamp) -> Result<ExternalClaims, AppError>;
}

/// What an access token of another issuer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalClaims {
    pub subject: TokenSubject,
    /// Where it is good; in the user's home, if it does not say.
    pub organization: Option<OrganizationId>,
    /// Like those of a personal access token, they only narrow what the user may do.
    pub scopes: Scopes,
}

/// Whom a token is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSubject {
    /// Who reads this address, as far as the issuer knows.
    Email(Email),
    User(UserId),
}

impl TokenSubject {
    /// Different for each.
    fn text(&self) -> String {
        match self {
            Self::Email(email) => format!("email {email}"),
            Self::User(user) => format!("user {user}"),
        }
    }
}

/// A person whom a token is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubjectFacts {
    pub user: UserId,
    /// The organization of theirs that they have been an active member of for longest. Unlike the one they were in last,
    /// it does not change under a program while they look at something else.
    pub home: Option<OrganizationId>,
}

/// No other issuer's tokens are taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoExternalTokens;

#[async_trait]
impl ExternalTokens for NoExternalTokens {
    async fn read(&self, _: &str, _: Timestamp) -> Result<ExternalClaims, AppError> {
        Err(AppError::Unauthenticated(Denial::InvalidToken))
    }
}

/// For so long an address may lead to whom it belonged before it changed hands. That somebody left or was deleted shows
/// at once, by their role.
const TIME_TO_LIVE: Duration = Duration::from_secs(60);
/// Stands for "nowhere" where an organization is expected.
const NOWHERE: &str = "-";

impl SubjectFacts {
    fn encode(&self) -> String {
        let home = self.home.map_or_else(|| NOWHERE.to_owned(), |home| home.to_string());
        format!("{} {home}", self.user)
    }

    fn decode(text: &str) -> Option<Self> {
        let (user, home) = text.split_once(' ')?;
        let home = match home {
            NOWHERE => None,
            home => Some(Uuid::parse_str(home).ok()?.into()),
        };
        Some(Self { user: Uuid::parse_str(user).ok()?.into(), home })
    }
}

impl SessionDirectory {
    /// Whom a token is about, if there is such a person, and who they are is known: an address counts if its owner has
    /// shown that they read it. The cache is told a digest, and no address.
    pub(super) async fn subject(
        &self,
        subject: &TokenSubject,
        secrets: &dyn SecretTokens,
    ) -> Result<Option<SubjectFacts>, AppError> {
        let key = format!("subject:{}", secrets.digest(&subject.text()).as_str());
        let found = self.cache.get(&key).await;
        if let Lookup::Found(cached) = &found
            && let Some(facts) = SubjectFacts::decode(cached)
        {
            return Ok(Some(facts));
        }
        let look = async {
            let _turn = self.token_lookups.acquire().await.map_err(|error| StoreError::Broken(error.to_string()))?;
            self.queries.subject(subject).await
        };
        let facts = self.availability.within_reach(look).await?;
        // Who is unknown may have an account a moment later.
        if let (Lookup::Missing(ticket), Some(facts)) = (found, &facts) {
            self.cache.fill(&key, ticket, &facts.encode(), TIME_TO_LIVE).await;
        }
        Ok(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_memory::{Person, Scene};

    #[test]
    fn a_subject_comes_back_as_it_was_kept() {
        for home in [None, Some(Scene::ACME)] {
            let facts = SubjectFacts { user: Person::Peer.id(), home };
            assert_eq!(SubjectFacts::decode(&facts.encode()), Some(facts));
        }
        for broken in ["", "-", "x -", "00000000-0000-0000-0000-000000000004 x"] {
            assert_eq!(SubjectFacts::decode(broken), None, "{broken:?}");
        }
    }
}
