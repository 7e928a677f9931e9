use async_trait::async_trait;
use tenon_domain::ProjectId;
use tenon_domain::access::{OrganizationRole, Permission, Permissions, Scope, Scopes};
use tenon_domain::organizations::{CustomRoleState, HeldRole};

use crate::actor::{Credential, Principal, Viewer};
use crate::error::AppError;
use crate::projects::ProjectRef;
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// The table of permissions: the same for everybody.
#[derive(Clone, Copy, Debug)]
pub struct ListPermissions;

#[async_trait]
impl Query for ListPermissions {
    type Output = &'static [Permission];
    const NAME: &'static str = "permission.list";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::OrganizationRead);
    const FROM_CACHE: bool = true;

    async fn run(&self, reader: &Reader<'_>) -> Result<&'static [Permission], AppError> {
        reader.viewer()?;
        Ok(Permission::ALL)
    }
}

/// What somebody may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPermissions {
    pub role: OrganizationRole,
    pub custom_role: Option<HeldRole>,
    pub permissions: Permissions,
    /// In the project that was asked for.
    pub project: Option<(ProjectId, Permissions)>,
    /// To what the token is narrowed that it was asked with.
    pub scopes: Option<Scopes>,
}

/// What the actor may do in the organization they are in, and in one of its projects.
#[derive(Clone, Debug)]
pub struct FindOwnPermissions {
    pub project: Option<ProjectRef>,
}

#[async_trait]
impl Query for FindOwnPermissions {
    type Output = OwnPermissions;
    const NAME: &'static str = "permission.find_own";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::OrganizationRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<OwnPermissions, AppError> {
        let viewer = reader.viewer()?;
        let project = match &self.project {
            Some(project) => Some(in_project(reader, viewer, project).await?),
            None => None,
        };
        let custom_role = match viewer.custom_role {
            Some(id) => reader.queries().organizations.role(viewer, id).await?,
            None => None,
        };
        let held = |role: CustomRoleState| HeldRole { id: role.id, name: role.name, permissions: viewer.permissions };
        Ok(OwnPermissions {
            role: viewer.role,
            custom_role: custom_role.map(held),
            permissions: viewer.permissions,
            project,
            scopes: scopes(reader),
        })
    }
}

async fn in_project(
    reader: &Reader<'_>,
    viewer: Viewer,
    project: &ProjectRef,
) -> Result<(ProjectId, Permissions), AppError> {
    let absent = AppError::NotFound("project");
    let id = reader.queries().projects.find_id(viewer, project).await?.ok_or(absent.clone())?;
    let permissions = reader.documents().permissions(viewer, id).await?.ok_or(absent)?;
    Ok((id, permissions))
}

fn scopes(reader: &Reader<'_>) -> Option<Scopes> {
    match reader.actor().principal {
        Principal::User { credential: Credential::Token(_, scopes) | Credential::External(scopes), .. } => Some(scopes),
        _ => None,
    }
}
