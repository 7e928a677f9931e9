use super::RoleName;
use crate::CustomRoleId;
use crate::access::{OrganizationAccess, OrganizationRole, Permissions};

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
