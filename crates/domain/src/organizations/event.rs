use crate::UserId;
use crate::access::OrganizationRole;
use crate::identity::Email;

/// What happened to an organization, its members, its invitations, its custom roles and its domains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrganizationFact {
    Created,
    Updated,
    Invited {
        email: Email,
        role: OrganizationRole,
    },
    InvitationRevoked {
        email: Email,
    },
    MemberJoined {
        user: UserId,
        role: OrganizationRole,
        invited_by: Option<UserId>,
    },
    MemberRoleChanged {
        user: UserId,
        role: OrganizationRole,
    },
    MemberRemoved {
        user: UserId,
    },
    MemberSuspended {
        user: UserId,
    },
    MemberUnsuspended {
        user: UserId,
    },
    OwnershipTransferred {
        from: UserId,
        to: UserId,
    },
    RoleCreated,
    RoleUpdated,
    RoleDeleted,
    DomainClaimed,
    DomainVerified,
    DomainUpdated,
    /// The record that proved a domain is gone. The owners are to be told.
    DomainLapsed {
        owners: Vec<UserId>,
    },
    DomainRemoved,
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
            Self::MemberSuspended { .. } => "organization.member_suspended",
            Self::MemberUnsuspended { .. } => "organization.member_unsuspended",
            Self::OwnershipTransferred { .. } => "organization.ownership_transferred",
            Self::DomainClaimed => "organization.domain_claimed",
            Self::DomainVerified => "organization.domain_verified",
            Self::DomainUpdated => "organization.domain_updated",
            Self::DomainLapsed { .. } => "organization.domain_lapsed",
            Self::DomainRemoved => "organization.domain_removed",
            Self::RoleCreated => "role.created",
            Self::RoleUpdated => "role.updated",
            Self::RoleDeleted => "role.deleted",
        }
    }
}
