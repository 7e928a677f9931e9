use async_trait::async_trait;
use tenon_domain::CustomRoleId;
use tenon_domain::access::{Permission, RoleLevel, Scope};
use tenon_domain::organizations::CustomRoleState;

use crate::error::AppError;
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// The custom roles of the organization, in the order in which they were made.
#[derive(Clone, Debug)]
pub struct ListRoles {
    /// Only roles of these levels; all when empty.
    pub levels: Vec<RoleLevel>,
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListRoles {
    type Output = Page<CustomRoleState>;
    const NAME: &'static str = "role.list";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::OrganizationRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<CustomRoleState>, AppError> {
        let viewer = reader.require(Permission::ViewMembers)?;
        Ok(reader.queries().organizations.roles(viewer, &self.levels, &self.page).await?)
    }
}

/// One custom role of the organization.
#[derive(Clone, Copy, Debug)]
pub struct FindRole {
    pub role: CustomRoleId,
}

#[async_trait]
impl Query for FindRole {
    type Output = CustomRoleState;
    const NAME: &'static str = "role.find";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::OrganizationRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<CustomRoleState, AppError> {
        let viewer = reader.require(Permission::ViewMembers)?;
        let found = reader.queries().organizations.role(viewer, self.role).await?;
        found.ok_or(AppError::NotFound("role"))
    }
}
