use tenon_domain::identity::{SessionState, UserState};
use tenon_domain::{OrganizationId, SessionId, Timestamp, UserId, Version};

use crate::page::{Position, PositionValue};

/// A user as they read themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserView {
    pub id: UserId,
    pub email: String,
    /// Whether it is known that they read the address.
    pub email_verified: bool,
    pub display_name: String,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl From<UserState> for UserView {
    fn from(state: UserState) -> Self {
        Self {
            id: state.id,
            email: state.email.to_string(),
            email_verified: state.email_verified_at.is_some(),
            display_name: state.display_name.into_string(),
            version: state.version,
            created_at: state.created_at,
            updated_at: state.updated_at,
        }
    }
}

/// A session as its user sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    pub id: SessionId,
    /// The organization it is in.
    pub organization_id: OrganizationId,
    /// What it was started with, as that called itself.
    pub user_agent: Option<String>,
    /// Where it was started from.
    pub address: Option<String>,
    pub created_at: Timestamp,
    /// When it was started or refreshed last.
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

impl SessionView {
    pub fn new(state: SessionState, current: Option<SessionId>) -> Self {
        Self {
            current: current == Some(state.id),
            id: state.id,
            organization_id: state.organization_id,
            user_agent: state.client.user_agent,
            address: state.client.address,
            created_at: state.created_at,
            last_used_at: state.last_used_at,
            expires_at: state.expires_at,
        }
    }

    /// Where a page ends that ends with it.
    pub fn position(&self) -> Position {
        Position { values: vec![PositionValue::Moment(self.last_used_at)], id: self.id.uuid() }
    }
}
