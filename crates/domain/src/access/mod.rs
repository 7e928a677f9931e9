//! Who may do what: one table of permissions by role, and the rule that finds the role.
//!
//! An **organization role** grants permissions in the organization. In a project, the **effective role** decides:
//! the explicit one, or the one that follows from the organization role when the project is open to the
//! organization. Who has no effective role does not know that the project exists.
//!
//! A personal access token has **scopes**, which narrow what its owner may do with it.

mod permission;
mod project_access;
mod role;
mod scope;

pub use permission::Permission;
pub use project_access::{ProjectAccess, Visibility};
pub use role::{OrganizationRole, ProjectRole};
pub use scope::{Scope, Scopes};
