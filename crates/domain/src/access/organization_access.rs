use super::{OrganizationRole, Permission, Permissions, ProjectAccess, Visibility};
use crate::CustomRoleId;

/// All that decides what somebody may do in an organization as a whole: a system role, or a custom role, which has a
/// system role as its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrganizationAccess {
    /// What they see of the projects follows from it.
    pub role: OrganizationRole,
    pub custom_role: Option<CustomRoleId>,
    pub permissions: Permissions,
}

impl OrganizationAccess {
    pub fn allows(self, permission: Permission) -> bool {
        self.permissions.contains(permission)
    }

    /// All that they may do: in the organization, and by their role alone in the projects that are open to it.
    pub fn reach(self) -> Permissions {
        let open = ProjectAccess { organization_role: self.role, visibility: Visibility::Organization, explicit: None };
        self.permissions.union(open.permissions().unwrap_or_default())
    }

    /// The first of these permissions that is out of their reach. Who lacks one neither gives it to others nor acts on
    /// somebody who has it.
    pub fn lacks(self, permissions: Permissions) -> Option<Permission> {
        let own = self.reach();
        permissions.iter().find(|permission| !own.contains(*permission))
    }
}

impl From<OrganizationRole> for OrganizationAccess {
    fn from(role: OrganizationRole) -> Self {
        Self { role, custom_role: None, permissions: role.permissions() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn system(role: OrganizationRole) -> OrganizationAccess {
        role.into()
    }

    #[test]
    fn the_stronger_of_two_system_roles_lacks_nothing_and_the_weaker_something() {
        for (at, &stronger) in OrganizationRole::ALL.iter().enumerate() {
            for &weaker in &OrganizationRole::ALL[at..] {
                assert_eq!(system(stronger).lacks(system(weaker).reach()), None, "{stronger} {weaker}");
                let missing = system(weaker).lacks(system(stronger).reach());
                assert_eq!(missing.is_none(), weaker == stronger, "{weaker} {stronger}");
            }
        }
        assert_eq!(
            system(OrganizationRole::Admin).lacks(system(OrganizationRole::Owner).reach()),
            Some(Permission::ManageOwners)
        );
    }

    #[test]
    fn what_follows_from_the_base_in_projects_counts_too() {
        let all = OrganizationRole::Owner.permissions();
        let strong_guest = OrganizationAccess { role: OrganizationRole::Guest, custom_role: None, permissions: all };
        assert_eq!(strong_guest.lacks(system(OrganizationRole::Member).reach()), Some(Permission::ViewProject));
        assert_eq!(strong_guest.lacks(system(OrganizationRole::Guest).reach()), None);
        let strong_member = OrganizationAccess { role: OrganizationRole::Member, ..strong_guest };
        assert_eq!(strong_member.lacks(system(OrganizationRole::Admin).reach()), Some(Permission::EditProject));
    }

    fn any_access() -> impl Strategy<Value = OrganizationAccess> {
        let permissions = proptest::collection::vec(0..Permission::ALL.len(), 0..Permission::ALL.len());
        (0..OrganizationRole::ALL.len(), permissions).prop_map(|(role, permissions)| OrganizationAccess {
            role: OrganizationRole::ALL[role],
            custom_role: None,
            permissions: permissions.into_iter().map(|at| Permission::ALL[at]).collect(),
        })
    }

    proptest! {
        /// However often roles are passed on, nobody ends up with what the first did not have.
        #[test]
        fn nothing_is_gained_by_passing_roles_on(
            accesses in proptest::collection::vec(any_access(), 2..6)
        ) {
            let first = accesses[0];
            let mut holder = first;
            for next in accesses.into_iter().skip(1) {
                if holder.lacks(next.reach()).is_none() {
                    holder = next;
                }
                prop_assert!(first.reach().contain_all(holder.reach()));
                for &permission in Permission::ALL {
                    prop_assert!(first.reach().contains(permission) || !holder.allows(permission));
                }
            }
        }
    }
}
