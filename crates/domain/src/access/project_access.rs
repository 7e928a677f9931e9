use super::{OrganizationRole, Permission, Permissions, ProjectRole};
use crate::text::named_enum;

named_enum! {
    /// Who can see a project without being added to it.
    Visibility {
        /// Only its members; not even owners of the organization.
        Private => "private",
        /// Everybody in the organization but guests.
        Organization => "organization",
    }
}

/// All that decides what somebody may do in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProjectAccess {
    pub organization_role: OrganizationRole,
    pub visibility: Visibility,
    /// What they were given in the project itself: by a role of their own and by those of their teams, together.
    pub explicit: Option<Permissions>,
}

impl ProjectAccess {
    /// What they may do, or `None` when the project does not exist for them.
    pub fn permissions(self) -> Option<Permissions> {
        let explicit = self.explicit.map(|permissions| permissions.with(Permission::ViewProject));
        match (self.visibility, self.organization_role) {
            // Guests never manage.
            (_, OrganizationRole::Guest) => {
                explicit.map(|permissions| permissions.intersection(ProjectRole::Contributor.permissions()))
            }
            (Visibility::Private, _) => explicit,
            (Visibility::Organization, OrganizationRole::Owner | OrganizationRole::Admin) => {
                Some(ProjectRole::Manager.permissions())
            }
            // An explicit role may restrict a member.
            (Visibility::Organization, OrganizationRole::Member) => {
                explicit.or_else(|| Some(ProjectRole::Contributor.permissions()))
            }
        }
    }

    pub fn is_visible(self) -> bool {
        self.permissions().is_some()
    }

    pub fn allows(self, permission: Permission) -> bool {
        self.permissions().is_some_and(|permissions| permissions.contains(permission))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(
        organization_role: OrganizationRole,
        visibility: Visibility,
        explicit_role: Option<ProjectRole>,
    ) -> Option<ProjectRole> {
        let explicit = explicit_role.map(ProjectRole::permissions);
        let permissions = ProjectAccess { organization_role, visibility, explicit }.permissions()?;
        ProjectRole::ALL.iter().copied().find(|role| role.permissions() == permissions)
    }

    #[test]
    fn a_private_project_exists_only_for_its_members() {
        for &organization_role in OrganizationRole::ALL {
            assert_eq!(role(organization_role, Visibility::Private, None), None);
        }
        assert_eq!(
            role(OrganizationRole::Member, Visibility::Private, Some(ProjectRole::Viewer)),
            Some(ProjectRole::Viewer)
        );
    }

    #[test]
    fn an_open_project_is_managed_by_admins_and_worked_in_by_members() {
        assert_eq!(role(OrganizationRole::Owner, Visibility::Organization, None), Some(ProjectRole::Manager));
        assert_eq!(
            role(OrganizationRole::Admin, Visibility::Organization, Some(ProjectRole::Viewer)),
            Some(ProjectRole::Manager)
        );
        assert_eq!(role(OrganizationRole::Member, Visibility::Organization, None), Some(ProjectRole::Contributor));
        assert_eq!(
            role(OrganizationRole::Member, Visibility::Organization, Some(ProjectRole::Viewer)),
            Some(ProjectRole::Viewer)
        );
    }

    #[test]
    fn guests_see_only_what_they_were_added_to_and_never_manage() {
        assert_eq!(role(OrganizationRole::Guest, Visibility::Organization, None), None);
        assert_eq!(
            role(OrganizationRole::Guest, Visibility::Organization, Some(ProjectRole::Manager)),
            Some(ProjectRole::Contributor)
        );
    }

    #[test]
    fn stronger_roles_grant_all_that_weaker_ones_do() {
        for pair in OrganizationRole::ALL.windows(2) {
            assert!(pair[1].grants().iter().all(|p| pair[0].allows(*p)), "{} lacks what {} has", pair[0], pair[1]);
        }
        for pair in ProjectRole::ALL.windows(2) {
            assert!(pair[1].grants().iter().all(|p| pair[0].allows(*p)), "{} lacks what {} has", pair[0], pair[1]);
        }
    }
}
