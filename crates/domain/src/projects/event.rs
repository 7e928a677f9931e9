use crate::UserId;
use crate::access::ProjectRole;

/// What happened to a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProjectFact {
    Created,
    Updated,
    Archived,
    Unarchived,
    Deleted,
    MemberAdded { user: UserId, role: ProjectRole },
    MemberRoleChanged { user: UserId, role: ProjectRole },
    MemberRemoved { user: UserId },
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
        }
    }
}
