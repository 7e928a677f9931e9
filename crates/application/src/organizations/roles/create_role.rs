use async_trait::async_trait;
use tenon_domain::access::{Permission, Scope};
use tenon_domain::organizations::{CustomRole, CustomRoleState, NewRole, OrganizationError};

use super::ensure_covers;
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::token_access::TokenAccess;
use crate::unit_of_work::StoreError;

/// Makes a custom role out of what the actor may do themselves.
#[derive(Clone, Debug)]
pub struct CreateRole {
    pub role: NewRole,
}

#[async_trait]
impl Command for CreateRole {
    type Output = CustomRoleState;
    const NAME: &'static str = "role.create";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::OrganizationWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<CustomRoleState, AppError> {
        work.require(Permission::ManageRoles).await?;
        let existing = work.unit().custom_roles().count().await?;
        let role = CustomRole::create(work.next_id(), self.role.clone(), existing, work.now())?;
        ensure_covers(work, role.state().reach())?;
        save(work, role).await
    }
}

pub(super) async fn save(work: &mut Work<'_>, role: CustomRole) -> Result<CustomRoleState, AppError> {
    match work.unit().custom_roles().save(role).await {
        Err(StoreError::Duplicate(_)) => Err(OrganizationError::RoleNameTaken.into()),
        stored => Ok(stored?),
    }
}
