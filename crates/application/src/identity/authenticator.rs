//! Who sent a request: the token is verified, the session and the role are looked up in the cache.

use std::sync::Arc;

use super::{AccessTokens, CachedSession, SessionDirectory};
use crate::actor::{Denial, Principal, Viewer};
use crate::error::AppError;
use crate::ports::Clock;

/// Turns access tokens into actors.
#[derive(Clone)]
pub struct Authenticator {
    pub tokens: Arc<dyn AccessTokens>,
    pub sessions: SessionDirectory,
    pub clock: Arc<dyn Clock>,
}

impl Authenticator {
    /// Whose bearer token this is. Costs no database query while the caches are warm.
    pub async fn authenticate(&self, token: &str) -> Result<Principal, AppError> {
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
        Ok(Principal::User { viewer, session: claims.session })
    }
}
