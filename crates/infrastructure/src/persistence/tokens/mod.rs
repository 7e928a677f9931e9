//! Personal access tokens: their digests, never the tokens themselves.

mod archive;
mod queries;
mod repository;

pub use archive::SqlTokenArchive;
use tenon_domain::access::Scopes;
use tenon_domain::identity::{PersonalAccessTokenState, TokenHash, TokenName};

use super::entities::personal_access_token::Model;

fn token_state(row: Model) -> PersonalAccessTokenState {
    PersonalAccessTokenState {
        id: row.id.into(),
        organization_id: row.org_id.into(),
        owner_id: row.owner_id.into(),
        name: TokenName::restore(row.name),
        scopes: Scopes::restore(&row.scopes),
        hash: TokenHash::new(row.token_hash),
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
        revoked_at: row.revoked_at,
    }
}
