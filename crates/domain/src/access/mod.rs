//! Who may do what: one table of permissions by role, and the rule that finds the role.
//!
//! An **organization role** grants permissions in the organization. In a project, the **effective role** decides:
//! the explicit one, or the one that follows from the organization role when the project is open to the
//! organization. Who has no effective role does not know that the project exists.
//!
//! A **custom role** is a named set of permissions that an organization made, of one **level**: for its members as such,
//! or for those of its projects. Nobody gives more than they have, nor acts on who has more.
//!
//! A personal access token has **scopes**, which narrow what its owner may do with it.

mod organization_access;
mod permission;
mod permissions;
mod project_access;
mod role;
mod scope;

pub use organization_access::OrganizationAccess;
pub use permission::Permission;
pub use permissions::Permissions;
pub use project_access::{ProjectAccess, Visibility};
pub use role::{OrganizationRole, ProjectRole, RoleLevel, SystemRole};
pub use scope::{Scope, Scopes};
