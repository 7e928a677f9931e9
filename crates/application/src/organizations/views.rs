use tenon_domain::access::OrganizationRole;
use tenon_domain::organizations::{InvitationState, InvitationStatus, OrganizationState};
use tenon_domain::{InvitationId, OrganizationId, Timestamp, UserId, Version};

/// An organization as one of its members reads it; `role` is theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationView {
    pub id: OrganizationId,
    pub name: String,
    pub role: OrganizationRole,
    /// Whether its members need a second factor.
    pub require_mfa: bool,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl OrganizationView {
    pub fn new(state: OrganizationState, role: OrganizationRole) -> Self {
        Self {
            id: state.id,
            name: state.name.into_string(),
            role,
            require_mfa: state.require_mfa,
            version: state.version,
            created_at: state.created_at,
            updated_at: state.updated_at,
        }
    }
}

/// A member as they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    pub user_id: UserId,
    pub email: String,
    pub display_name: String,
    pub role: OrganizationRole,
    pub version: Version,
    pub joined_at: Timestamp,
}

/// An invitation as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationView {
    pub id: InvitationId,
    pub email: String,
    pub role: OrganizationRole,
    pub status: InvitationStatus,
    pub invited_by: UserId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
}

impl InvitationView {
    pub fn new(state: InvitationState, now: Timestamp) -> Self {
        Self {
            id: state.id,
            status: state.status(now),
            email: state.email.to_string(),
            role: state.role,
            invited_by: state.invited_by,
            created_at: state.created_at,
            expires_at: state.expires_at,
            accepted_at: state.accepted_at,
        }
    }
}
