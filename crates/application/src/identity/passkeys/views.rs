use serde_json::Value;
use tenon_domain::identity::PasskeyState;
use tenon_domain::{PasskeyId, Timestamp, Version};

use super::CeremonyToken;

/// A passkey as its owner reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyView {
    pub id: PasskeyId,
    pub name: String,
    /// It is backed up by whoever made the authenticator, and so on more than one device.
    pub synced: bool,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub version: Version,
}

impl From<PasskeyState> for PasskeyView {
    fn from(state: PasskeyState) -> Self {
        Self {
            id: state.id,
            name: state.name.into_string(),
            synced: state.synced,
            created_at: state.created_at,
            last_used_at: state.last_used_at,
            version: state.version,
        }
    }
}

/// A ceremony that has begun: what the browser needs for it, and what it goes on with.
#[derive(Clone, Debug, PartialEq)]
pub struct StartedCeremony {
    pub token: CeremonyToken,
    pub options: Value,
}
