use tenon_domain::access::{OrganizationAccess, Permissions};
use tenon_domain::organizations::{CustomRole, HeldRole, MemberRole, OrganizationError, RoleChoice};
use tenon_domain::{CustomRoleId, UserId};

use crate::command::Work;
use crate::error::AppError;

/// The role that was chosen, if the actor may give it. A custom one stays until the commit.
pub(crate) async fn choose(work: &mut Work<'_>, choice: RoleChoice) -> Result<MemberRole, AppError> {
    let role = match choice {
        RoleChoice::System(role) => role.into(),
        RoleChoice::Custom(id) => {
            let role = work.unit().custom_roles().find(id).await?.ok_or(OrganizationError::RoleUnknown)?;
            role.state().for_members().ok_or(OrganizationError::RoleWrongLevel)?
        }
    };
    ensure_covers(work, role.access().reach())?;
    Ok(role)
}

/// A custom role that was chosen before, if there still is such a role for members. It stays until the commit.
pub(crate) async fn held_role(work: &mut Work<'_>, id: CustomRoleId) -> Result<Option<MemberRole>, AppError> {
    let role = work.unit().custom_roles().find(id).await?;
    Ok(role.as_ref().map(CustomRole::state).and_then(|state| state.for_members()))
}

/// Those of these custom roles that there still are, for members. They stay until the commit.
pub(crate) async fn held_roles(work: &mut Work<'_>, ids: &[CustomRoleId]) -> Result<Vec<MemberRole>, AppError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let roles = work.unit().custom_roles().find_all(ids).await?;
    Ok(roles.iter().filter_map(|role| role.state().for_members()).collect())
}

/// The role of this access, with its name.
pub(crate) async fn member_role(work: &mut Work<'_>, access: OrganizationAccess) -> Result<MemberRole, AppError> {
    let Some(id) = access.custom_role else { return Ok(access.role.into()) };
    let name = work.unit().custom_roles().name(id).await?;
    let custom = name.map(|name| HeldRole { id, name, permissions: access.permissions });
    Ok(MemberRole { base: access.role, custom })
}

/// Refuses who may not do all of this: nobody gives more than they have, nor acts on who has more.
pub(crate) fn ensure_covers(work: &Work<'_>, permissions: Permissions) -> Result<(), AppError> {
    match work.viewer()?.access().lacks(permissions) {
        Some(missing) => Err(AppError::Forbidden(missing)),
        None => Ok(()),
    }
}

/// Refuses who may do less than this member. Who is none may do nothing.
pub(crate) async fn ensure_covers_member(work: &mut Work<'_>, user: UserId) -> Result<(), AppError> {
    match work.unit().members().find(user).await? {
        Some(member) => ensure_covers(work, member.state().access().reach()),
        None => Ok(()),
    }
}
