//! What roles in a project permit, and who may give and take them.

use tenon_domain::access::{OrganizationRole, Permissions, ProjectAccess, RoleLevel, Visibility};
use tenon_domain::organizations::OrganizationError;
use tenon_domain::projects::GivenRole;

use super::NamedRole;
use crate::command::Work;
use crate::error::AppError;

/// What a role comes to.
#[derive(Default)]
pub(super) struct Terms {
    pub(super) permissions: Permissions,
    /// The role, if it is a custom one.
    pub(super) custom_role: Option<NamedRole>,
}

/// What somebody has in a project who was given nothing in it.
pub(super) fn without_role(visibility: Visibility, organization_role: OrganizationRole) -> Permissions {
    ProjectAccess { organization_role, visibility, explicit: None }.permissions().unwrap_or_default()
}

/// Refuses to who has less in the project than the role that is given, or than the one that is taken; `implicit` is what
/// counts where there is none. Answers what the role that is given comes to.
pub(super) async fn permit_change(
    work: &mut Work<'_>,
    own: Permissions,
    implicit: Permissions,
    before: Option<GivenRole>,
    after: Option<GivenRole>,
) -> Result<Terms, AppError> {
    let taken = terms(work, before).await?;
    let given = terms(work, after).await?;
    let or_implicit = |role: Option<GivenRole>, terms: &Terms| role.map_or(implicit, |_| terms.permissions);
    let concerned = or_implicit(before, &taken).union(or_implicit(after, &given));
    match concerned.iter().find(|permission| !own.contains(*permission)) {
        Some(missing) => Err(AppError::Forbidden(missing)),
        None => Ok(given),
    }
}

async fn terms(work: &mut Work<'_>, role: Option<GivenRole>) -> Result<Terms, AppError> {
    let id = match role {
        None => return Ok(Terms::default()),
        Some(GivenRole::System(role)) => return Ok(Terms { permissions: role.permissions(), custom_role: None }),
        Some(GivenRole::Custom(id)) => id,
    };
    let role = work.unit().custom_roles().find(id).await?.ok_or(OrganizationError::RoleUnknown)?;
    let state = role.state();
    if state.level != RoleLevel::Project {
        return Err(OrganizationError::RoleWrongLevel.into());
    }
    let name = state.name.to_string();
    Ok(Terms { permissions: state.permissions, custom_role: Some(NamedRole { id, name }) })
}
