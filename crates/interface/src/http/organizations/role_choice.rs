use tenon_application::AppError;
use tenon_domain::organizations::{OrganizationError, RoleChoice};
use uuid::Uuid;

use super::OrganizationRoleName;
use crate::http::merge_patch::Patch;

/// The role that a body chooses, if it chooses one: a system role by its name, or a custom role by its id.
pub(super) fn choice(
    role: Option<OrganizationRoleName>,
    custom_role: Option<Uuid>,
) -> Result<Option<RoleChoice>, AppError> {
    match (role, custom_role) {
        (Some(_), Some(_)) => Err(OrganizationError::RoleAmbiguous.into()),
        (Some(role), None) => Ok(Some(RoleChoice::System(role.0))),
        (None, Some(id)) => Ok(Some(RoleChoice::Custom(id.into()))),
        (None, None) => Ok(None),
    }
}

/// Like [`choice`], where a role is needed.
pub(super) fn needed(role: Option<OrganizationRoleName>, custom_role: Option<Uuid>) -> Result<RoleChoice, AppError> {
    Ok(choice(role, custom_role)?.ok_or(OrganizationError::RoleMissing)?)
}

/// Like [`choice`], of a merge patch. A custom role is not cleared alone: something has to take its place.
pub(super) fn change(
    role: Option<OrganizationRoleName>,
    custom_role: Patch<Uuid>,
) -> Result<Option<RoleChoice>, AppError> {
    match custom_role {
        Patch::Absent => choice(role, None),
        Patch::Null => needed(role, None).map(Some),
        Patch::Value(id) => choice(role, Some(id)),
    }
}
