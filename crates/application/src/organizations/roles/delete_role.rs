use async_trait::async_trait;
use tenon_domain::access::{Permission, Scope};
use tenon_domain::{CustomRoleId, Version};

use super::ensure_covers;
use crate::command::{Command, Effect, Work, check_version};
use crate::error::AppError;
use crate::token_access::TokenAccess;

/// Deletes a custom role that nobody has.
#[derive(Clone, Copy, Debug)]
pub struct DeleteRole {
    pub role: CustomRoleId,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for DeleteRole {
    type Output = ();
    const NAME: &'static str = "role.delete";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::OrganizationWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let organization = work.require(Permission::ManageRoles).await?.organization;
        let role = work.unit().custom_roles().find(self.role).await?;
        let mut role = role.ok_or(AppError::NotFound("role"))?;
        check_version(self.expected_version, role.state().version)?;
        ensure_covers(work, role.state().reach())?;
        let is_used = work.unit().custom_roles().is_used(self.role).await?;
        role.delete(is_used)?;
        work.unit().custom_roles().remove(role).await?;
        work.after_commit(Effect::CustomRoleChanged { organization, role: self.role });
        Ok(())
    }
}
