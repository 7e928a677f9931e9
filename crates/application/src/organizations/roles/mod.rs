//! Use cases on custom roles, and on what everybody may do.

mod choice;
mod create_role;
mod delete_role;
mod edit_role;
mod permissions;
mod ports;
mod read_roles;

pub(crate) use choice::{choose, ensure_covers, ensure_covers_member, held_role, held_roles, member_role};
pub use create_role::CreateRole;
pub use delete_role::DeleteRole;
pub use edit_role::EditRole;
pub use permissions::{FindOwnPermissions, ListPermissions, OwnPermissions};
pub use ports::CustomRoleRepository;
pub use read_roles::{FindRole, ListRoles};
