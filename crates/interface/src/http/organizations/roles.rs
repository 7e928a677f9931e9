//! Custom roles over HTTP.

use actix_web::{delete, get, patch, post};
use serde::{Deserialize, Serialize};
use tenon_application::organizations::{CreateRole, DeleteRole, EditRole, FindRole, ListRoles};
use tenon_application::{AppError, Unsorted};
use tenon_domain::CustomRoleId;
use tenon_domain::access::{Permissions, RoleLevel};
use tenon_domain::organizations::{CustomRoleState, NewRole, RoleChanges, RoleDescription, RoleName};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::OrganizationRoleName;
use super::permissions::PermissionName;
use crate::http::answer::{Answer, created, no_content, ok_unless_held, ok_versioned};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::conditional::{IfMatch, IfNoneMatch, versioned};
use crate::http::list::{Filter, List, ListBody};
use crate::http::merge_patch::{Patch, not_null};
use crate::http::path::{InPath, id_ref};
use crate::http::query::{self, Params};
use crate::http::validation::checks;
use crate::http::wire::{Moment, wire_enum};

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_roles).service(create_role).service(get_role).service(update_role).service(delete_role);
}

type InRolePath = InPath<RoleRef>;
type RoleList = List<RoleFilter, Unsorted>;

wire_enum! {
    /// Whether a role or a permission is about the organization or about a project.
    RoleLevelName, "RoleLevel", RoleLevel
}

checks! {
    name: str => RoleName::parse;
    description: str => RoleDescription::parse;
}

id_ref! {
    /// The custom role that a path names.
    pub(crate) struct RoleRef(CustomRoleId);
    "role", "The id of the custom role."
}

/// Which roles a list shows.
pub(crate) struct RoleFilter {
    levels: Vec<RoleLevel>,
}

impl Filter for RoleFilter {
    fn read(params: &mut Params) -> Self {
        Self { levels: params.many("level", "Only roles of these levels.", &query::name_of()) }
    }
}

/// What a new role is made of.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "level": "organization", "name": "Auditor", "description": "Reads the audit trail", "base": "guest",
    "permissions": ["organization.view", "audit.view"],
}))]
pub(crate) struct CreateRoleBody {
    /// Whether it is for members of the organization, or for those of projects. It stays so.
    level: RoleLevelName,
    /// Unique among the roles of its level, whatever its case.
    #[validate(custom(function = "check::name"))]
    #[schema(min_length = 1, max_length = 50, pattern = "line")]
    name: String,
    #[validate(custom(function = "check::description"))]
    #[schema(max_length = 500, pattern = "multiline")]
    description: Option<String>,
    /// Of a role for the organization: `member` or `guest`, which decides what whoever has it sees of the projects. It
    /// stays so. None for one that is for projects.
    base: Option<OrganizationRoleName>,
    /// Of its level, and what you may do yourself. That of seeing the organization or the project is always among them.
    permissions: Vec<PermissionName>,
}

impl CreateRoleBody {
    fn into_command(self) -> Result<CreateRole, AppError> {
        let role = NewRole {
            level: self.level.0,
            name: RoleName::parse(&self.name)?,
            description: self.description.as_deref().map_or(Ok(None), RoleDescription::parse)?,
            base: self.base.map(|name| name.0),
            permissions: set(&self.permissions),
        };
        Ok(CreateRole { role })
    }
}

/// What is to change in a role.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({ "name": "Inspector", "permissions": ["audit.view", "members.view"] }))]
pub(crate) struct UpdateRoleBody {
    /// Unique among the roles of its level, whatever its case.
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::name"))]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 50, pattern = "line")]
    name: Option<String>,
    #[validate(custom(function = "check::description"))]
    #[schema(value_type = Option<String>, required = false, max_length = 500, pattern = "multiline")]
    description: Patch<String>,
    /// All that it is to hold from now on.
    #[serde(deserialize_with = "not_null")]
    #[schema(value_type = Vec<PermissionName>, required = false)]
    permissions: Option<Vec<PermissionName>>,
}

impl UpdateRoleBody {
    fn into_changes(self) -> Result<RoleChanges, AppError> {
        Ok(RoleChanges {
            name: self.name.as_deref().map(RoleName::parse).transpose()?,
            description: self.description.parse(|text| RoleDescription::parse(&text))?.map(Option::flatten),
            permissions: self.permissions.as_deref().map(set),
        })
    }
}

fn set(names: &[PermissionName]) -> Permissions {
    names.iter().map(|name| name.0).collect()
}

/// A role that the organization made.
#[derive(Serialize, ToSchema)]
#[schema(as = CustomRole, example = json!({
    "id": "0199f8a5-6ea5-7fb3-90ed-b29517a683ff", "level": "organization", "name": "Auditor",
    "description": "Reads the audit trail", "base": "guest", "permissions": ["organization.view", "audit.view"],
    "version": 1, "created_at": "2026-11-21T09:30:00.123Z", "updated_at": "2026-11-21T09:30:00.123Z",
}))]
pub(crate) struct RoleResponse {
    id: Uuid,
    level: RoleLevelName,
    name: String,
    #[schema(required = true)]
    description: Option<String>,
    /// `null` for a role that is for projects.
    #[schema(required = true)]
    base: Option<OrganizationRoleName>,
    permissions: Vec<PermissionName>,
    version: i64,
    created_at: Moment,
    updated_at: Moment,
}

impl From<CustomRoleState> for RoleResponse {
    fn from(role: CustomRoleState) -> Self {
        Self {
            id: role.id.into(),
            level: role.level.into(),
            name: role.name.into_string(),
            description: role.description.map(RoleDescription::into_string),
            base: role.base.map(Into::into),
            permissions: role.permissions.iter().map(Into::into).collect(),
            version: role.version,
            created_at: role.created_at.into(),
            updated_at: role.updated_at.into(),
        }
    }
}

versioned!(RoleResponse);

/// List the custom roles
///
/// In the order in which they were made. System roles are not among them: they are fixed. Guests cannot see them.
#[utoipa::path(tag = "organizations", operation_id = "list_roles", params(RoleList),
    responses((status = 200, body = ListBody<RoleResponse>, description = "A page of custom roles")))]
#[get("/roles")]
pub(crate) async fn list_roles(caller: Caller, list: RoleList) -> Answer {
    let query = ListRoles { levels: list.filter.levels.clone(), page: list.page.clone() };
    list.answer::<_, RoleResponse>(caller.ask(query).await?)
}

/// Create a custom role
///
/// Out of permissions that you have yourself: what is missing is refused (403 `permission.denied`). `owners.manage` is in
/// none, and `projects.create` in none that is based on guest. An organization has at most 50.
#[utoipa::path(tag = "organizations", operation_id = "create_role", request_body = CreateRoleBody,
    responses((status = 201, body = RoleResponse, description = "The new role")))]
#[post("/roles")]
pub(crate) async fn create_role(caller: Caller, body: Body<CreateRoleBody>) -> Answer {
    let role = caller.execute(body.into_inner().into_command()?).await?;
    created("/roles", &RoleResponse::from(role))
}

/// Read a custom role
///
/// With the permissions that it holds.
#[utoipa::path(tag = "organizations", operation_id = "get_role", params(InRolePath, IfNoneMatch),
    responses((status = 200, body = RoleResponse, description = "The role")))]
#[get("/roles/{role}")]
pub(crate) async fn get_role(caller: Caller, path: InRolePath, held: IfNoneMatch) -> Answer {
    let InPath(RoleRef(role)) = path;
    ok_unless_held(&held, &RoleResponse::from(caller.ask(FindRole { role }).await?))
}

/// Change a custom role
///
/// For everybody who has it, at once and on every instance. It takes all permissions that it holds, before and after. A role
/// for projects that somebody has, or a team, does not get more of them (409 `role.in_use`): make another one and give it,
/// which is looked at in each project. More than members may, programs only get by the will of owners.
#[utoipa::path(tag = "organizations", operation_id = "update_role", params(InRolePath, IfMatch),
    request_body = UpdateRoleBody,
    responses((status = 200, body = RoleResponse, description = "The role as it is now")))]
#[patch("/roles/{role}")]
pub(crate) async fn update_role(caller: Caller, path: InRolePath, seen: IfMatch, body: Body<UpdateRoleBody>) -> Answer {
    let InPath(RoleRef(role)) = path;
    let expected_version = seen.expected_version(Some(role.uuid()));
    let command = EditRole { role, changes: body.into_inner().into_changes()?, expected_version };
    ok_versioned(&RoleResponse::from(caller.execute(command).await?))
}

/// Delete a custom role
///
/// One that nobody has any more: else it is 409 `role.in_use`. Invitations that were made with it are worthless.
#[utoipa::path(tag = "organizations", operation_id = "delete_role", params(InRolePath, IfMatch),
    responses((status = 204, description = "It is gone")))]
#[delete("/roles/{role}")]
pub(crate) async fn delete_role(caller: Caller, path: InRolePath, seen: IfMatch) -> Answer {
    let InPath(RoleRef(role)) = path;
    let expected_version = seen.expected_version(Some(role.uuid()));
    caller.execute(DeleteRole { role, expected_version }).await?;
    no_content()
}
