use crate::text::named_enum;

named_enum! {
    /// A member's role in an organization.
    OrganizationRole {
        Owner => "owner",
        Admin => "admin",
        Member => "member",
        /// Sees only the projects they were added to.
        Guest => "guest",
    }
}

named_enum! {
    /// Where a role or a permission counts.
    RoleLevel {
        Organization => "organization",
        Project => "project",
    }
}

named_enum! {
    /// A member's role in a project.
    ProjectRole {
        Manager => "manager",
        Contributor => "contributor",
        Viewer => "viewer",
    }
}

/// A role that every organization has, of whichever level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemRole {
    Organization(OrganizationRole),
    Project(ProjectRole),
}
