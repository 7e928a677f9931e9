use super::GivenRole;
use crate::{TeamId, UserId};

/// What happened to a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProjectFact {
    Created,
    Updated,
    Archived,
    Unarchived,
    Deleted,
    MemberAdded {
        user: UserId,
        role: GivenRole,
    },
    MemberRoleChanged {
        user: UserId,
        role: GivenRole,
    },
    MemberRemoved {
        user: UserId,
    },
    /// With those who belonged to the team then.
    TeamAdded {
        team: TeamId,
        role: GivenRole,
        members: Vec<UserId>,
    },
    TeamRoleChanged {
        team: TeamId,
        role: GivenRole,
    },
    /// With those who belonged to the team then.
    TeamRemoved {
        team: TeamId,
        members: Vec<UserId>,
    },
}

impl ProjectFact {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Created => "project.created",
            Self::Updated => "project.updated",
            Self::Archived => "project.archived",
            Self::Unarchived => "project.unarchived",
            Self::Deleted => "project.deleted",
            Self::MemberAdded { .. } => "project.member_added",
            Self::MemberRoleChanged { .. } => "project.member_role_changed",
            Self::MemberRemoved { .. } => "project.member_removed",
            Self::TeamAdded { .. } => "project.team_added",
            Self::TeamRoleChanged { .. } => "project.team_role_changed",
            Self::TeamRemoved { .. } => "project.team_removed",
        }
    }
}
