use super::{OrganizationRole, Permission, ProjectRole};
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
    pub explicit_role: Option<ProjectRole>,
}

impl ProjectAccess {
    /// The role that counts, or `None` when the project does not exist for them.
    pub fn effective_role(self) -> Option<ProjectRole> {
        let implicit = match (self.visibility, self.organization_role) {
            (Visibility::Private, _) | (_, OrganizationRole::Guest) => None,
            (_, OrganizationRole::Owner | OrganizationRole::Admin) => Some(ProjectRole::Manager),
            // An explicit role may restrict a member, so theirs is looked at first.
            (_, OrganizationRole::Member) if self.explicit_role.is_some() => None,
            (_, OrganizationRole::Member) => Some(ProjectRole::Contributor),
        };
        implicit.or(match (self.organization_role, self.explicit_role) {
            (OrganizationRole::Guest, Some(ProjectRole::Manager)) => Some(ProjectRole::Contributor),
            (_, explicit) => explicit,
        })
    }

    pub fn is_visible(self) -> bool {
        self.effective_role().is_some()
    }

    pub fn allows(self, permission: Permission) -> bool {
        self.effective_role().is_some_and(|role| role.allows(permission))
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
        ProjectAccess { organization_role, visibility, explicit_role }.effective_role()
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
