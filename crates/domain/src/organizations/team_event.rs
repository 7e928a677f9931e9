use crate::UserId;

/// What happened to a team. What it may do in a project is a fact of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TeamFact {
    Created,
    Updated,
    Deleted,
    MemberAdded { user: UserId },
    MemberRemoved { user: UserId },
}

impl TeamFact {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Created => "team.created",
            Self::Updated => "team.updated",
            Self::Deleted => "team.deleted",
            Self::MemberAdded { .. } => "team.member_added",
            Self::MemberRemoved { .. } => "team.member_removed",
        }
    }
}
