//! What there is that somebody may do, and what one may do oneself.

use actix_web::get;
use serde::Serialize;
use tenon_application::Unsorted;
use tenon_application::organizations::{FindOwnPermissions, ListPermissions, OwnPermissions};
use tenon_application::projects::{NamedRole, ProjectRef};
use tenon_domain::access::{Permission, Permissions, SystemRole};
use tenon_domain::organizations::HeldRole;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::OrganizationRoleName;
use super::roles::RoleLevelName;
use crate::http::answer::{Answer, ok};
use crate::http::caller::Caller;
use crate::http::identity::ScopeName;
use crate::http::list::{Filter, InQuery, List, ListBody, Unfiltered};
use crate::http::path::PathRef;
use crate::http::problem::Problem;
use crate::http::projects::ProjectRoleName;
use crate::http::query::{Kind, Params};
use crate::http::wire::wire_enum;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_permissions).service(get_own_permissions);
}

type PermissionList = List<Unfiltered, Unsorted>;

wire_enum! {
    /// Something that somebody may do. `GET /permissions` says what each of them is, and which roles have it.
    PermissionName, "Permission", Permission
}

/// A system role, of the organization or of projects.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = SystemRole, example = "admin")]
pub(crate) enum SystemRoleName {
    Organization(OrganizationRoleName),
    Project(ProjectRoleName),
}

impl From<SystemRole> for SystemRoleName {
    fn from(role: SystemRole) -> Self {
        match role {
            SystemRole::Organization(role) => Self::Organization(role.into()),
            SystemRole::Project(role) => Self::Project(role.into()),
        }
    }
}

/// A row of the table of permissions.
#[derive(Serialize, ToSchema)]
#[schema(as = PermissionDescription, example = json!({
    "name": "audit.view", "level": "organization", "description": "Read the audit trail.",
    "granted_by": ["owner", "admin"],
}))]
pub(crate) struct PermissionResponse {
    name: PermissionName,
    level: RoleLevelName,
    /// What it lets somebody do.
    description: &'static str,
    /// The system roles that hold it, of the organization or of projects.
    granted_by: Vec<SystemRoleName>,
}

impl From<Permission> for PermissionResponse {
    fn from(permission: Permission) -> Self {
        Self {
            name: permission.into(),
            level: permission.level().into(),
            description: permission.description(),
            granted_by: permission.granted_by().into_iter().map(Into::into).collect(),
        }
    }
}

/// A custom role, by its id and its name.
#[derive(Serialize, ToSchema)]
#[schema(as = HeldRole, example = json!({ "id": "0199f8a5-6ea5-7fb3-90ed-b29517a683ff", "name": "Auditor" }))]
pub(crate) struct HeldRoleResponse {
    id: Uuid,
    name: String,
}

impl From<HeldRole> for HeldRoleResponse {
    fn from(role: HeldRole) -> Self {
        Self { id: role.id.into(), name: role.name.into_string() }
    }
}

impl From<NamedRole> for HeldRoleResponse {
    fn from(role: NamedRole) -> Self {
        Self { id: role.id.into(), name: role.name }
    }
}

/// What you may do in the organization.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "role": "member", "custom_role": null, "permissions": ["organization.view", "members.view", "projects.create"],
}))]
pub(crate) struct OwnOrganizationPermissions {
    /// The base of the custom role, if you have one.
    role: OrganizationRoleName,
    #[schema(required = true)]
    custom_role: Option<HeldRoleResponse>,
    permissions: Vec<PermissionName>,
}

/// What you may do in a project.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66", "permissions": ["project.view", "task.create", "task.edit"],
}))]
pub(crate) struct OwnProjectPermissions {
    id: Uuid,
    permissions: Vec<PermissionName>,
}

/// What you may do.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnPermissions, example = json!({
    "organization": {
        "role": "member", "custom_role": null, "permissions": ["organization.view", "members.view", "projects.create"],
    },
    "project": {
        "id": "0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66",
        "permissions": ["project.view", "task.create", "task.edit", "task.delete"],
    },
    "scopes": null,
}))]
pub(crate) struct OwnPermissionsResponse {
    organization: OwnOrganizationPermissions,
    /// `null` unless a project was asked for.
    #[schema(required = true)]
    project: Option<OwnProjectPermissions>,
    /// To what the personal access token narrows all that; `null` without one.
    #[schema(required = true)]
    scopes: Option<Vec<ScopeName>>,
}

impl From<OwnPermissions> for OwnPermissionsResponse {
    fn from(own: OwnPermissions) -> Self {
        Self {
            organization: OwnOrganizationPermissions {
                role: own.role.into(),
                custom_role: own.custom_role.map(Into::into),
                permissions: names(own.permissions),
            },
            project: own
                .project
                .map(|(id, permissions)| OwnProjectPermissions { id: id.into(), permissions: names(permissions) }),
            scopes: own.scopes.map(|scopes| scopes.iter().map(Into::into).collect()),
        }
    }
}

fn names(permissions: Permissions) -> Vec<PermissionName> {
    permissions.iter().map(Into::into).collect()
}

/// The project that permissions are asked for, as it was named.
pub(crate) struct OfProject(Option<String>);

impl Filter for OfProject {
    fn read(params: &mut Params) -> Self {
        // Whatever names no project names none that exists: 404, as in a path.
        let named = Kind {
            parse: |raw| Some(raw.to_owned()),
            schema: ProjectRef::schema,
            expects: || "the id or the key of a project".to_owned(),
        };
        Self(params.one("project_id", "What you may do in this project, too: its id or its key.", &named))
    }
}

/// List what there is that somebody may do
///
/// The one table of permissions, with the system roles that hold them. Custom roles are made of the same.
#[utoipa::path(tag = "organizations", operation_id = "list_permissions", params(PermissionList),
    responses((status = 200, body = ListBody<PermissionResponse>, description = "A page of permissions")))]
#[get("/permissions")]
pub(crate) async fn list_permissions(caller: Caller, list: PermissionList) -> Answer {
    let permissions = caller.ask(ListPermissions).await?;
    list.answer_from::<_, PermissionResponse>(permissions.iter().copied())
}

/// Read what you may do
///
/// In the organization you are in, and in one of its projects, so that a client can show what is possible. The answer of
/// the operation itself is what counts: a token, for instance, needs the scope besides.
#[utoipa::path(tag = "organizations", operation_id = "get_own_permissions", params(InQuery<OfProject>),
    responses((status = 200, body = OwnPermissionsResponse, description = "What you may do")))]
#[get("/users/me/permissions")]
pub(crate) async fn get_own_permissions(caller: Caller, query: InQuery<OfProject>) -> Answer {
    let InQuery(OfProject(named)) = query;
    let project = named.map(|raw| ProjectRef::parse(&raw).ok_or_else(|| Problem::not_found(ProjectRef::RESOURCE)));
    let query = FindOwnPermissions { project: project.transpose()? };
    ok(&OwnPermissionsResponse::from(caller.ask(query).await?))
}
