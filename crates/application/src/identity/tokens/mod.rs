//! Personal access tokens: making, listing and revoking them, and what signing in with one takes.

mod create_token;
mod directory;
mod guesses;
mod issue;
mod list_tokens;
mod ports;
mod revoke_token;
mod usage;

pub use create_token::{CreateServiceToken, CreateToken, TokenInput};
pub use directory::CachedToken;
pub(super) use directory::{lookups, token_key};
pub(super) use guesses::Sent;
pub use guesses::TokenGuesses;
pub use issue::IssuedToken;
pub use list_tokens::{FindOrganizationToken, FindToken, ListOrganizationTokens, ListServiceTokens, ListTokens};
pub use ports::{TokenArchive, TokenFacts, TokenQueries, TokenRepository, TokenView};
pub(crate) use revoke_token::revoke_all_tokens;
pub(super) use revoke_token::revoke_tokens_everywhere;
pub use revoke_token::{RevokeOrganizationToken, RevokeToken};
pub use usage::TokenUses;

#[cfg(test)]
mod tests;
