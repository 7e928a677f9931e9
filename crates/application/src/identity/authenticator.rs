//! Who sent a request: the token is verified, the session and the role are looked up in the cache.

use std::net::IpAddr;
use std::sync::Arc;

use super::tokens::Sent;
use super::{AccessTokens, CachedSession, CachedToken, ExternalTokens, SecretTokens, SessionDirectory, TokenUses};
use crate::actor::{Credential, Denial, Principal, Viewer};
use crate::error::AppError;
use crate::ports::Clock;
use tenon_domain::Timestamp;
use tenon_domain::identity::TokenText;

/// Turns access tokens into actors.
#[derive(Clone)]
pub struct Authenticator {
    pub tokens: Arc<dyn AccessTokens>,
    pub external: Arc<dyn ExternalTokens>,
    pub secrets: Arc<dyn SecretTokens>,
    pub sessions: SessionDirectory,
    pub token_uses: TokenUses,
    pub clock: Arc<dyn Clock>,
}

impl Authenticator {
    /// Whose bearer token this is, wherever it comes from.
    pub async fn authenticate(&self, token: &str) -> Result<Principal, AppError> {
        self.authenticate_from(token, None).await
    }

    /// Whose bearer token this is. Costs no database query while the caches are warm. `client` is who guesses, if it turns
    /// out to be made up.
    pub async fn authenticate_from(&self, token: &str, client: Option<IpAddr>) -> Result<Principal, AppError> {
        if TokenText::is_meant(token) {
            return self.authenticate_token(token, client).await;
        }
        let now = self.clock.now();
        let claims = match self.tokens.read(token, now) {
            Ok(claims) => claims,
            // It is none of Tenon's own.
            Err(Denial::InvalidToken) => return self.authenticate_external(token, now).await,
            Err(denial) => return Err(AppError::Unauthenticated(denial)),
        };
        let ended = AppError::Unauthenticated(Denial::EndedSession);
        match self.sessions.session(claims.session).await? {
            CachedSession::Live { user, expires_at } if user == claims.user && now < expires_at => {}
            CachedSession::Live { .. } | CachedSession::Ended => return Err(ended),
        }
        // The role of the token may be out of date; the present one counts.
        let role = self.sessions.role(claims.organization, claims.user).await?.ok_or(ended)?;
        let viewer = Viewer::new(claims.user, claims.organization, role);
        Ok(Principal::User { viewer, credential: Credential::Session(claims.session) })
    }

    /// Whom an access token of another issuer is about. Whoever is unknown here, or no member where it is good, is refused
    /// as if nobody had signed it.
    async fn authenticate_external(&self, text: &str, now: Timestamp) -> Result<Principal, AppError> {
        let refused = AppError::Unauthenticated(Denial::InvalidToken);
        let claims = self.external.read(text, now).await?;
        let found = self.sessions.subject(&claims.subject, self.secrets.as_ref()).await?;
        let user = found.ok_or(refused.clone())?;
        let organization = claims.organization.or(user.home).ok_or(refused.clone())?;
        let role = self.sessions.role(organization, user.user).await?.ok_or(refused)?;
        let viewer = Viewer::new(user.user, organization, role);
        Ok(Principal::User { viewer, credential: Credential::External(claims.scopes) })
    }

    /// Whose personal access token this is. What was never issued, what is revoked and what belongs to somebody who is no
    /// member any more is refused alike.
    async fn authenticate_token(&self, text: &str, client: Option<IpAddr>) -> Result<Principal, AppError> {
        let refused = AppError::Unauthenticated(Denial::InvalidToken);
        // Nothing is looked up for a text whose checksum is wrong.
        let id = TokenText::read_id(text).ok_or(refused.clone())?;
        let now = self.clock.now();
        let found = self.sessions.token(id, Sent { from: client, at: now }).await?;
        let CachedToken::Live { owner, organization, scopes, expires_at, hash } = found else {
            return Err(refused);
        };
        if !hash.matches(&self.secrets.digest(text)) {
            return Err(refused);
        }
        if expires_at.is_some_and(|end| end <= now) {
            return Err(AppError::Unauthenticated(Denial::ExpiredToken));
        }
        let role = self.sessions.role(organization, owner).await?.ok_or(refused)?;
        self.token_uses.note(organization, id, now);
        let viewer = Viewer::new(owner, organization, role);
        Ok(Principal::User { viewer, credential: Credential::Token(id, scopes) })
    }
}
