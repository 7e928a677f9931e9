use crate::CustomRoleId;
use crate::access::ProjectRole;

/// A role in a project, as it is given to somebody or to a team: one of the system's, or one that the organization made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenRole {
    System(ProjectRole),
    Custom(CustomRoleId),
}

impl GivenRole {
    /// As they were stored. A release that knows no custom roles leaves one standing beside the role that it writes in its
    /// place, which is not the weakest then.
    pub const fn restore(role: ProjectRole, custom: Option<CustomRoleId>) -> Self {
        match (role, custom) {
            (ProjectRole::Viewer, Some(id)) => Self::Custom(id),
            _ => Self::System(role),
        }
    }

    /// The system role. With a custom one it is the weakest, for those who know no others.
    pub const fn role(self) -> ProjectRole {
        match self {
            Self::System(role) => role,
            Self::Custom(_) => ProjectRole::Viewer,
        }
    }

    pub const fn custom(self) -> Option<CustomRoleId> {
        match self {
            Self::System(_) => None,
            Self::Custom(id) => Some(id),
        }
    }
}

impl From<ProjectRole> for GivenRole {
    fn from(role: ProjectRole) -> Self {
        Self::System(role)
    }
}
