use std::cmp::Reverse;
use std::fmt;

use super::RoleName;
use crate::CustomRoleId;
use crate::access::{OrganizationAccess, OrganizationRole, Permissions};

/// The role that somebody is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleChoice {
    System(OrganizationRole),
    /// One of the organization's own, for its members.
    Custom(CustomRoleId),
}

impl RoleChoice {
    pub fn system(self) -> Option<OrganizationRole> {
        match self {
            Self::System(role) => Some(role),
            Self::Custom(_) => None,
        }
    }

    pub fn custom(self) -> Option<CustomRoleId> {
        match self {
            Self::System(_) => None,
            Self::Custom(id) => Some(id),
        }
    }
}

impl From<OrganizationRole> for RoleChoice {
    fn from(role: OrganizationRole) -> Self {
        Self::System(role)
    }
}

/// The name of a system role, or the id of a custom one.
impl fmt::Display for RoleChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(role) => role.fmt(f),
            Self::Custom(id) => id.fmt(f),
        }
    }
}

/// A custom role as those have it whom it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldRole {
    pub id: CustomRoleId,
    pub name: RoleName,
    pub permissions: Permissions,
}

/// The role of a member: a system role, or a custom role with the system role that it is based on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRole {
    pub base: OrganizationRole,
    pub custom: Option<HeldRole>,
}

impl MemberRole {
    /// The role that permits most; of those that permit the same number of things a system role, and else the oldest.
    pub fn strongest(roles: impl IntoIterator<Item = Self>) -> Option<Self> {
        let strength = |role: &Self| {
            let custom = role.custom.as_ref().map(|custom| custom.id);
            (role.access().reach().iter().count(), Reverse(custom))
        };
        roles.into_iter().max_by_key(strength)
    }

    pub fn access(&self) -> OrganizationAccess {
        match &self.custom {
            None => self.base.into(),
            Some(role) => {
                OrganizationAccess { role: self.base, custom_role: Some(role.id), permissions: role.permissions }
            }
        }
    }
}

impl From<OrganizationRole> for MemberRole {
    fn from(base: OrganizationRole) -> Self {
        Self { base, custom: None }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::access::Permission;

    fn custom(n: u128, base: OrganizationRole, permissions: Permissions) -> MemberRole {
        let name = RoleName::parse(&format!("Role {n}")).unwrap();
        MemberRole { base, custom: Some(HeldRole { id: Uuid::from_u128(n).into(), name, permissions }) }
    }

    fn strongest(roles: &[MemberRole]) -> Option<MemberRole> {
        MemberRole::strongest(roles.iter().cloned())
    }

    #[test]
    fn the_role_that_permits_most_is_the_strongest() {
        let [owner, admin, member, guest] = OrganizationRole::ALL else { panic!("four roles") };
        let system = [*guest, *admin, *owner, *member].map(MemberRole::from);
        assert_eq!(strongest(&system), Some((*owner).into()));
        assert_eq!(strongest(&system[..2]), Some((*admin).into()));
        assert_eq!(strongest(&[]), None);

        let auditor = custom(2, *guest, guest.permissions().with(Permission::ViewAuditLog));
        assert_eq!(strongest(&[(*guest).into(), auditor.clone()]), Some(auditor.clone()));
        assert_eq!(strongest(&[auditor.clone(), (*admin).into()]), Some((*admin).into()));
        let like_a_guest = custom(1, *guest, guest.permissions());
        assert_eq!(strongest(&[like_a_guest, (*guest).into()]), Some((*guest).into()), "the system role");
        let older = custom(1, *guest, guest.permissions().with(Permission::ViewAuditLog));
        assert_eq!(strongest(&[older.clone(), auditor.clone()]), Some(older.clone()));
        assert_eq!(strongest(&[auditor, older.clone()]), Some(older));
    }

    proptest! {
        #[test]
        fn no_other_permits_all_of_it_and_more(
            roles in prop::collection::vec((2..4_usize, prop::collection::vec(0..Permission::ALL.len(), 0..9)), 1..6)
        ) {
            let roles: Vec<_> = roles
                .into_iter()
                .enumerate()
                .map(|(n, (base, permissions))| {
                    let permissions = permissions.into_iter().map(|at| Permission::ALL[at]).collect();
                    custom(n as u128, OrganizationRole::ALL[base], permissions)
                })
                .collect();
            let best = strongest(&roles).map(|role| role.access().reach()).unwrap_or_default();
            for other in roles.iter().map(|role| role.access().reach()) {
                prop_assert!(other == best || !other.contain_all(best));
            }
        }
    }
}
