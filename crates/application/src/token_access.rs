use tenon_domain::access::Scope;

use crate::actor::{Actor, Credential, Principal};
use crate::error::AppError;

/// What a use case asks of the token it is used with: a personal access token, or one of another issuer. Every command and every query says so, and the
/// pipeline checks it before anything else. Roles count all the same: a scope only narrows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenAccess {
    /// Tokens with this scope, or one that includes it.
    Scope(Scope),
    /// No token at all: people have to be signed in.
    Session,
    /// Nothing: Tenon itself does it, or it happens before anybody is signed in.
    Internal,
}

impl TokenAccess {
    /// Refuses a token that is not good for it. Of anybody else nothing is asked here.
    pub fn check(self, actor: &Actor) -> Result<(), AppError> {
        let scopes = match actor.principal {
            Principal::User { credential: Credential::Token(_, scopes) | Credential::External(scopes), .. } => scopes,
            _ => return Ok(()),
        };
        match self {
            Self::Scope(scope) if scopes.allow(scope) => Ok(()),
            Self::Scope(scope) => Err(AppError::InsufficientScope(scope)),
            Self::Session => Err(AppError::SessionRequired),
            Self::Internal => Ok(()),
        }
    }
}
