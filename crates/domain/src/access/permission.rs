use super::{OrganizationRole, ProjectRole};
use crate::text::named_enum;

named_enum! {
    /// The table of permissions. Names are stable: they appear in errors, in the audit trail and later in custom roles.
    Permission {
        ViewOrganization => "organization.view",
        EditOrganization => "organization.edit",
        ViewMembers => "members.view",
        ManageMembers => "members.manage",
        /// Give, change or take the role of owner.
        ManageOwners => "owners.manage",
        ManageInvitations => "invitations.manage",
        /// See and revoke everybody's personal access tokens for the organization.
        ManageTokens => "tokens.manage",
        ViewAuditLog => "audit.view",
        CreateProject => "projects.create",
        ViewProject => "project.view",
        EditProject => "project.edit",
        DeleteProject => "project.delete",
        ManageProjectMembers => "project.members.manage",
        CreateTask => "task.create",
        EditTask => "task.edit",
        DeleteTask => "task.delete",
    }
}

use Permission::{
    CreateProject, CreateTask, DeleteProject, DeleteTask, EditOrganization, EditProject, EditTask, ManageInvitations,
    ManageMembers, ManageOwners, ManageProjectMembers, ManageTokens, ViewAuditLog, ViewMembers, ViewOrganization,
    ViewProject,
};

impl OrganizationRole {
    /// What the role grants in the organization as a whole.
    pub const fn grants(self) -> &'static [Permission] {
        match self {
            Self::Owner => &[
                ViewOrganization,
                EditOrganization,
                ViewMembers,
                ManageMembers,
                ManageOwners,
                ManageInvitations,
                ManageTokens,
                ViewAuditLog,
                CreateProject,
            ],
            Self::Admin => &[
                ViewOrganization,
                EditOrganization,
                ViewMembers,
                ManageMembers,
                ManageInvitations,
                ManageTokens,
                ViewAuditLog,
                CreateProject,
            ],
            Self::Member => &[ViewOrganization, ViewMembers, CreateProject],
            Self::Guest => &[ViewOrganization],
        }
    }

    pub fn allows(self, permission: Permission) -> bool {
        self.grants().contains(&permission)
    }
}

impl ProjectRole {
    /// What the role grants inside its project.
    pub const fn grants(self) -> &'static [Permission] {
        match self {
            Self::Manager => {
                &[ViewProject, EditProject, DeleteProject, ManageProjectMembers, CreateTask, EditTask, DeleteTask]
            }
            Self::Contributor => &[ViewProject, CreateTask, EditTask, DeleteTask],
            Self::Viewer => &[ViewProject],
        }
    }

    pub fn allows(self, permission: Permission) -> bool {
        self.grants().contains(&permission)
    }
}
