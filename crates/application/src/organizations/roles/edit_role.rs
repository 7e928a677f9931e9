use async_trait::async_trait;
use tenon_domain::access::{OrganizationAccess, OrganizationRole, Permission, RoleLevel, Scope};
use tenon_domain::organizations::{CustomRoleState, OrganizationError, RoleChanges};
use tenon_domain::{CustomRoleId, Version};

use super::create_role::save;
use super::ensure_covers;
use crate::command::{Command, Effect, Work, check_version};
use crate::error::AppError;
use crate::token_access::TokenAccess;

/// Changes a custom role, for everybody who has it.
#[derive(Clone, Debug)]
pub struct EditRole {
    pub role: CustomRoleId,
    pub changes: RoleChanges,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for EditRole {
    type Output = CustomRoleState;
    const NAME: &'static str = "role.update";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::OrganizationWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<CustomRoleState, AppError> {
        let organization = work.require(Permission::ManageRoles).await?.organization;
        let role = work.unit().custom_roles().find(self.role).await?;
        let mut role = role.ok_or(AppError::NotFound("role"))?;
        check_version(self.expected_version, role.state().version)?;
        // Both as it was and as it will be: who has it may be stronger than the actor.
        let before = role.state().clone();
        ensure_covers(work, before.reach())?;
        role.edit(self.changes.clone(), work.now())?;
        ensure_covers(work, role.state().reach())?;
        if !before.permissions.contain_all(role.state().permissions) {
            permit_more(work, role.state()).await?;
        }
        let state = save(work, role).await?;
        work.after_commit(Effect::CustomRoleChanged { organization, role: self.role });
        Ok(state)
    }
}

/// Refuses what would be refused if a role that permits more were given to everybody who has it. The role is locked, so
/// that nobody is given it meanwhile.
async fn permit_more(work: &mut Work<'_>, role: &CustomRoleState) -> Result<(), AppError> {
    if role.level == RoleLevel::Project {
        // What it takes to give it differs from project to project, and the actor may have less there.
        let is_used = work.unit().custom_roles().is_used(role.id).await?;
        return if is_used { Err(OrganizationError::RoleInUse.into()) } else { Ok(()) };
    }
    // More than members may, programs may only by the will of owners.
    let exceeds = OrganizationAccess::from(OrganizationRole::Member).lacks(role.reach()).is_some();
    if exceeds && work.unit().custom_roles().is_held_by_service(role.id).await? {
        work.require(Permission::ManageOwners).await?;
    }
    Ok(())
}
