//! Passkeys, and the ceremonies with them that are finished. Like users they belong to no tenant.

mod ceremonies;
mod queries;
mod repository;

pub use ceremonies::SqlPasskeyCeremonyArchive;
use tenon_domain::identity::{PasskeyName, PasskeyState, TokenHash};

use super::entities::passkey::Model;

fn passkey_state(row: Model) -> PasskeyState {
    PasskeyState {
        id: row.id.into(),
        user_id: row.user_id.into(),
        credential_digest: TokenHash::new(row.credential_digest),
        name: PasskeyName::restore(row.name),
        credential: row.credential,
        synced: row.synced,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        version: row.version,
    }
}
