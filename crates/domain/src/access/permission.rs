use super::{OrganizationRole, Permissions, ProjectRole, RoleLevel, SystemRole};
use crate::text::named_enum;

named_enum! {
    /// The table of permissions. Names are stable: they appear in errors, in the audit trail and in custom roles.
    Permission {
        ViewOrganization => "organization.view",
        EditOrganization => "organization.edit",
        ViewMembers => "members.view",
        ManageMembers => "members.manage",
        /// Give, change or take the role of owner.
        ManageOwners => "owners.manage",
        ManageInvitations => "invitations.manage",
        /// Make, change and delete teams, and say who is in them. Reaches as far as the teams do: into every project that
        /// one of them is in.
        ManageTeams => "teams.manage",
        /// See and revoke everybody's personal access tokens for the organization.
        ManageTokens => "tokens.manage",
        /// Make, change and delete custom roles.
        ManageRoles => "roles.manage",
        /// Prove domains to be the organization's own, and let their addresses join.
        ManageDomains => "domains.manage",
        ViewAuditLog => "audit.view",
        /// Say which identity providers vouch for members. Reaches as far as those do: to whoever has an address of a domain
        /// that the organization has verified.
        ManageIdentityProviders => "identity_providers.manage",
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
    CreateProject, CreateTask, DeleteProject, DeleteTask, EditOrganization, EditProject, EditTask, ManageDomains,
    ManageIdentityProviders, ManageInvitations, ManageMembers, ManageOwners, ManageProjectMembers, ManageRoles,
    ManageTeams, ManageTokens, ViewAuditLog, ViewMembers, ViewOrganization, ViewProject,
};

impl Permission {
    /// Whether it is for the organization as a whole, or for a project.
    pub const fn level(self) -> RoleLevel {
        match self {
            ViewOrganization
            | EditOrganization
            | ViewMembers
            | ManageMembers
            | ManageOwners
            | ManageInvitations
            | ManageTokens
            | ManageRoles
            | ManageDomains
            | ManageIdentityProviders
            | ManageTeams
            | ViewAuditLog
            | CreateProject => RoleLevel::Organization,
            ViewProject | EditProject | DeleteProject | ManageProjectMembers | CreateTask | EditTask | DeleteTask => {
                RoleLevel::Project
            }
        }
    }

    /// Whether it lets somebody change what others, or they themselves, may do.
    pub const fn decides_access(self) -> bool {
        match self {
            EditOrganization
            | ManageMembers
            | ManageOwners
            | ManageInvitations
            | ManageTeams
            | ManageTokens
            | ManageRoles
            | ManageDomains
            | ManageIdentityProviders
            | ManageProjectMembers => true,
            ViewOrganization | ViewMembers | ViewAuditLog | CreateProject | ViewProject | EditProject
            | DeleteProject | CreateTask | EditTask | DeleteTask => false,
        }
    }

    /// The system roles that grant it, the strongest first.
    pub fn granted_by(self) -> Vec<SystemRole> {
        let organization = OrganizationRole::ALL.iter().copied().filter(|role| role.allows(self));
        let project = ProjectRole::ALL.iter().copied().filter(|role| role.allows(self));
        organization.map(SystemRole::Organization).chain(project.map(SystemRole::Project)).collect()
    }

    /// What it lets somebody do, for people.
    pub const fn description(self) -> &'static str {
        match self {
            ViewOrganization => "See the organization. Everybody in it may.",
            EditOrganization => "Change the organization's name and what it requires of its members.",
            ViewMembers => "See who belongs to the organization, and which roles there are.",
            ManageMembers => "Change the roles of members, suspend and remove them, and manage service accounts.",
            ManageOwners => "Give, change and take the role of owner. In no custom role.",
            ManageInvitations => "See invitations, invite people and revoke invitations.",
            ManageTokens => "See and revoke everybody's personal access tokens for the organization.",
            ManageRoles => "Make, change and delete custom roles.",
            ManageDomains => "Claim and verify domains, and let their addresses join.",
            ManageTeams => {
                "Make, change and delete teams, and say who is in them, which lets people, oneself included, into every \
                 project that the team is in, with its role."
            }
            ViewAuditLog => "Read the audit trail.",
            ManageIdentityProviders => {
                "Add, change and delete identity providers, by which one can sign in as whoever has an address of a \
                 domain that the organization has verified."
            }
            CreateProject => "Create projects.",
            ViewProject => "See the project and its tasks. Everybody with a role in it may.",
            EditProject => "Change, archive and unarchive the project. Who sees it, managers decide.",
            DeleteProject => "Delete the project with all its tasks.",
            ManageProjectMembers => "Add people to the project, change their roles in it and remove them.",
            CreateTask => "Create tasks.",
            EditTask => "Change tasks and move them from one status to another.",
            DeleteTask => "Move tasks to the trash and back.",
        }
    }
}

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
                ManageTeams,
                ManageTokens,
                ManageRoles,
                ManageDomains,
                ViewAuditLog,
                ManageIdentityProviders,
                CreateProject,
            ],
            Self::Admin => &[
                ViewOrganization,
                EditOrganization,
                ViewMembers,
                ManageMembers,
                ManageInvitations,
                ManageTeams,
                ManageTokens,
                ManageRoles,
                ManageDomains,
                ViewAuditLog,
                CreateProject,
            ],
            Self::Member => &[ViewOrganization, ViewMembers, CreateProject],
            Self::Guest => &[ViewOrganization],
        }
    }

    pub fn permissions(self) -> Permissions {
        self.grants().iter().copied().collect()
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

    pub fn permissions(self) -> Permissions {
        self.grants().iter().copied().collect()
    }

    pub fn allows(self, permission: Permission) -> bool {
        self.grants().contains(&permission)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_roles_grant_what_is_of_their_level_and_every_permission_is_in_one() {
        for role in OrganizationRole::ALL {
            assert!(role.grants().iter().all(|it| it.level() == RoleLevel::Organization), "{role}");
        }
        for role in ProjectRole::ALL {
            assert!(role.grants().iter().all(|it| it.level() == RoleLevel::Project), "{role}");
        }
        let strongest = OrganizationRole::Owner.permissions().union(ProjectRole::Manager.permissions());
        assert!(Permission::ALL.iter().all(|it| strongest.contains(*it)));
    }

    #[test]
    fn descriptions_are_sentences_of_their_own() {
        let all: std::collections::HashSet<_> = Permission::ALL.iter().map(|it| it.description()).collect();
        assert_eq!(all.len(), Permission::ALL.len());
        assert!(all.iter().all(|text| text.ends_with('.') && text.starts_with(|c: char| c.is_ascii_uppercase())));
    }
}
