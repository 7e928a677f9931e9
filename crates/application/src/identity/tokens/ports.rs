use async_trait::async_trait;
use tenon_domain::access::Scopes;
use tenon_domain::identity::{PersonalAccessToken, PersonalAccessTokenState, TokenCount, TokenHash};
use tenon_domain::{OrganizationId, Timestamp, TokenId, UserId};

use crate::actor::Viewer;
use crate::page::{Page, PageRequest, Unsorted};
use crate::unit_of_work::StoreError;

/// Personal access tokens in a unit of work, bound to its organization.
#[async_trait]
pub trait TokenRepository: Send {
    /// A token that is not revoked.
    async fn find(&mut self, id: TokenId) -> Result<Option<PersonalAccessToken>, StoreError>;
    /// Writes the row and stores the events. Of two concurrent revocations one is [`StoreError::Stale`].
    async fn save(&mut self, token: PersonalAccessToken) -> Result<PersonalAccessTokenState, StoreError>;
    async fn count(&mut self, owner: UserId, now: Timestamp) -> Result<TokenCount, StoreError>;
    /// Revokes all tokens of an owner that live, without an event for each. Answers which those were.
    async fn revoke_all(&mut self, owner: UserId, now: Timestamp) -> Result<Vec<TokenId>, StoreError>;
    /// The same, whichever organizations they are for.
    async fn revoke_everywhere(&mut self, owner: UserId, now: Timestamp) -> Result<Vec<TokenId>, StoreError>;
}

/// A token as it is read: everything but its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenView {
    pub id: TokenId,
    pub owner_id: UserId,
    pub owner_name: String,
    pub name: String,
    pub scopes: Scopes,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// To the minute.
    pub last_used_at: Option<Timestamp>,
}

impl TokenView {
    pub fn new(state: PersonalAccessTokenState, owner_name: String) -> Self {
        Self {
            id: state.id,
            owner_id: state.owner_id,
            owner_name,
            name: state.name.into_string(),
            scopes: state.scopes,
            created_at: state.created_at,
            expires_at: state.expires_at,
            last_used_at: state.last_used_at,
        }
    }
}

/// The read side of tokens. Those that are revoked are neither listed nor found.
#[async_trait]
pub trait TokenQueries: Send + Sync {
    /// Tokens for the viewer's organization, of this owner or of everybody, newest first.
    async fn list(
        &self,
        viewer: Viewer,
        owner: Option<UserId>,
        page: &PageRequest<Unsorted>,
    ) -> Result<Page<TokenView>, StoreError>;
    async fn find(&self, viewer: Viewer, owner: Option<UserId>, id: TokenId) -> Result<Option<TokenView>, StoreError>;
}

/// What authentication needs to know of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFacts {
    pub owner: UserId,
    pub organization: OrganizationId,
    pub scopes: Scopes,
    pub hash: TokenHash,
    pub expires_at: Option<Timestamp>,
    pub revoked: bool,
}

/// What happens to tokens beside the use cases.
#[async_trait]
pub trait TokenArchive: Send + Sync {
    /// Notes that a token was used then, unless a later use is known.
    async fn note_use(&self, organization: OrganizationId, token: TokenId, at: Timestamp) -> Result<(), StoreError>;
    /// Forgets the tokens that expired or were revoked before then. Answers how many.
    async fn purge(&self, ended_before: Timestamp) -> Result<u64, StoreError>;
}
