//! Who sent a request: the token is verified, the session and the role are looked up in the cache.

use std::sync::Arc;

use super::{AccessTokens, CachedSession, CachedToken, SecretTokens, SessionDirectory, TokenUses};
use crate::actor::{Credential, Denial, Principal, Viewer};
use crate::error::AppError;
use crate::ports::Clock;
use tenon_domain::identity::TokenText;

/// Turns access tokens into actors.
#[derive(Clone)]
pub struct Authenticator {
    pub tokens: Arc<dyn AccessTokens>,
    pub secrets: Arc<dyn SecretTokens>,
    pub sessions: SessionDirectory,
    pub token_uses: TokenUses,
    pub clock: Arc<dyn Clock>,
}

impl Authenticator {
    /// Whose bearer token this is. Costs no database query while the caches are warm.
    pub async fn authenticate(&self, token: &str) -> Result<Principal, AppError> {
        if TokenText::is_meant(token) {
            return self.authenticate_token(token).await;
        }
        let now = self.clock.now();
        let claims = self.tokens.read(token, now).map_err(AppError::Unauthenticated)?;
        let ended = AppError::Unauthenticated(Denial::EndedSession);
        match self.sessions.session(claims.session).await? {
            CachedSession::Live { user, expires_at } if user == claims.user && now < expires_at => {}
            CachedSession::Live { .. } | CachedSession::Ended => return Err(ended),
        }
        // The role of the token may be out of date; the present one counts.
        let role = self.sessions.role(claims.organization, claims.user).await?.ok_or(ended)?;
        let viewer = Viewer { user: claims.user, organization: claims.organization, role };
        Ok(Principal::User { viewer, credential: Credential::Session(claims.session) })
    }

    /// Whose personal access token this is. What was never issued, what is revoked and what belongs to somebody who is no
    /// member any more is refused alike.
    async fn authenticate_token(&self, text: &str) -> Result<Principal, AppError> {
        let refused = AppError::Unauthenticated(Denial::InvalidToken);
        // Nothing is looked up for a text whose checksum is wrong.
        let id = TokenText::read_id(text).ok_or(refused.clone())?;
        let CachedToken::Live { owner, organization, scopes, expires_at, hash } = self.sessions.token(id).await? else {
            return Err(refused);
        };
        if !hash.matches(&self.secrets.digest(text)) {
            return Err(refused);
        }
        let now = self.clock.now();
        if expires_at.is_some_and(|end| end <= now) {
            return Err(AppError::Unauthenticated(Denial::ExpiredToken));
        }
        let role = self.sessions.role(organization, owner).await?.ok_or(refused)?;
        self.token_uses.note(organization, id, now);
        let viewer = Viewer { user: owner, organization, role };
        Ok(Principal::User { viewer, credential: Credential::Token(id, scopes) })
    }
}
