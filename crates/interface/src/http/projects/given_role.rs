//! Roles in projects in JSON, as they are given to people and to teams.

use serde::Deserialize;
use tenon_application::AppError;
use tenon_domain::access::ProjectRole;
use tenon_domain::organizations::OrganizationError;
use tenon_domain::projects::GivenRole;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::http::wire::wire_enum;

wire_enum! {
    /// A role in a project: a `manager` also edits it and manages its members, a `contributor` works on tasks, and a
    /// `viewer` reads.
    ProjectRoleName, "ProjectRole", ProjectRole
}

/// The role that somebody or a team is to have in a project: one of the two.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "role": "contributor" }))]
pub(crate) struct GivenRoleBody {
    role: Option<ProjectRoleName>,
    /// The id of a custom role for projects.
    custom_role_id: Option<Uuid>,
}

impl GivenRoleBody {
    pub(super) fn into_role(self) -> Result<GivenRole, AppError> {
        match (self.role, self.custom_role_id) {
            (Some(role), None) => Ok(GivenRole::System(role.0)),
            (None, Some(id)) => Ok(GivenRole::Custom(id.into())),
            (Some(_), Some(_)) => Err(OrganizationError::RoleAmbiguous.into()),
            (None, None) => Err(OrganizationError::RoleMissing.into()),
        }
    }
}
