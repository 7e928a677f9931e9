use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{UserKind, UserState};
use tenon_domain::organizations::{
    HeldRole, InvitationState, InvitationStatus, MemberRole, MemberState, MemberStatus, OrganizationState,
};
use tenon_domain::{InvitationId, OrganizationId, Timestamp, UserId, Version};

/// An organization as one of its members reads it; `role` is theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationView {
    pub id: OrganizationId,
    pub name: String,
    pub role: OrganizationRole,
    pub custom_role: Option<HeldRole>,
    /// Whether its members need a second factor.
    pub require_mfa: bool,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl OrganizationView {
    pub fn new(state: OrganizationState, role: impl Into<MemberRole>) -> Self {
        let MemberRole { base: role, custom: custom_role } = role.into();
        Self {
            id: state.id,
            name: state.name.into_string(),
            role,
            custom_role,
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
    pub kind: UserKind,
    pub email: String,
    pub display_name: String,
    pub role: OrganizationRole,
    pub custom_role: Option<HeldRole>,
    /// Since when the organization gives them no access.
    pub suspended_at: Option<Timestamp>,
    /// Since when the operator keeps them out of everything.
    pub deactivated_at: Option<Timestamp>,
    pub version: Version,
    pub joined_at: Timestamp,
}

impl MemberView {
    pub fn new(state: MemberState, user: &UserState) -> Self {
        Self {
            user_id: state.user_id,
            kind: user.kind,
            email: user.email.to_string(),
            display_name: state.display_name,
            role: state.role,
            custom_role: state.custom_role,
            suspended_at: state.suspended_at,
            deactivated_at: state.deactivated_at,
            version: state.version,
            joined_at: state.joined_at,
        }
    }

    pub fn status(&self) -> MemberStatus {
        MemberStatus::of(self.suspended_at, self.deactivated_at)
    }
}

/// An invitation as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationView {
    pub id: InvitationId,
    pub email: String,
    pub role: OrganizationRole,
    /// Gone when it was deleted since.
    pub custom_role: Option<HeldRole>,
    pub status: InvitationStatus,
    pub invited_by: UserId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
    pub version: Version,
}

impl InvitationView {
    pub fn new(state: InvitationState, custom_role: Option<HeldRole>, now: Timestamp) -> Self {
        Self {
            id: state.id,
            status: state.status(now),
            version: state.version(),
            email: state.email.to_string(),
            role: state.role,
            custom_role,
            invited_by: state.invited_by,
            created_at: state.created_at,
            expires_at: state.expires_at,
            accepted_at: state.accepted_at,
        }
    }
}
