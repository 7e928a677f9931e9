use crate::UserId;
use crate::access::OrganizationRole;
use crate::identity::Email;

/// What happened to an organization, its members and its invitations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrganizationFact {
    Created,
    Updated,
    Invited { email: Email, role: OrganizationRole },
    InvitationRevoked { email: Email },
    MemberJoined { user: UserId, role: OrganizationRole, invited_by: Option<UserId> },
    MemberRoleChanged { user: UserId, role: OrganizationRole },
    MemberRemoved { user: UserId },
}

impl OrganizationFact {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Created => "organization.created",
            Self::Updated => "organization.updated",
            Self::Invited { .. } => "organization.invited",
            Self::InvitationRevoked { .. } => "organization.invitation_revoked",
            Self::MemberJoined { .. } => "organization.member_joined",
            Self::MemberRoleChanged { .. } => "organization.member_role_changed",
            Self::MemberRemoved { .. } => "organization.member_removed",
        }
    }
}
