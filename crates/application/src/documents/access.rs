//! Who may see a document: asked on every read, answered from the cache.

use tenon_domain::access::{ProjectAccess, ProjectRole, Visibility};
use tenon_domain::{OrganizationId, ProjectId, UserId};

use super::read_through::Loaded;
use super::{ABSENCE, Documents, TIME_TO_LIVE};
use crate::actor::Viewer;
use crate::error::AppError;

/// What is kept for a project or a role that does not exist.
const NONE: &str = "none";

impl Documents {
    /// Whether the viewer may see what is in the project; never, when it is gone.
    pub(super) async fn can_see(&self, viewer: Viewer, project: ProjectId) -> Result<bool, AppError> {
        let Some(visibility) = self.visibility(viewer.organization, project).await? else { return Ok(false) };
        let access = ProjectAccess { organization_role: viewer.role, visibility, explicit_role: None };
        // An explicit role only ever adds to what can be seen, so it is not looked up where it adds nothing.
        if access.is_visible() {
            return Ok(true);
        }
        let explicit_role = self.project_role(viewer.organization, project, viewer.user).await?;
        Ok(ProjectAccess { explicit_role, ..access }.is_visible())
    }

    pub(super) async fn visibility(
        &self,
        organization: OrganizationId,
        project: ProjectId,
    ) -> Result<Option<Visibility>, AppError> {
        let load = || async {
            let visibility = self.source.visibility(organization, project).await?;
            Ok(loaded(visibility.map(Visibility::as_str)))
        };
        let text = self.entries.get(&project_key(organization, project), load).await?;
        Ok(Visibility::parse(&text))
    }

    pub(super) async fn project_role(
        &self,
        organization: OrganizationId,
        project: ProjectId,
        user: UserId,
    ) -> Result<Option<ProjectRole>, AppError> {
        let load = || async {
            let role = self.source.project_role(organization, project, user).await?;
            Ok(loaded(role.map(ProjectRole::as_str)))
        };
        let text = self.entries.get(&member_key(organization, project, user), load).await?;
        Ok(ProjectRole::parse(&text))
    }
}

fn loaded(name: Option<&str>) -> Loaded {
    name.map_or_else(|| Loaded::new(NONE, ABSENCE), |name| Loaded::new(name, TIME_TO_LIVE))
}

pub(super) fn project_key(organization: OrganizationId, project: ProjectId) -> String {
    format!("project-access:{organization}:{project}")
}

pub(super) fn member_key(organization: OrganizationId, project: ProjectId, user: UserId) -> String {
    format!("project-member:{organization}:{project}:{user}")
}

#[cfg(test)]
mod tests {
    use tenon_domain::access::OrganizationRole;

    use super::*;

    #[test]
    fn an_explicit_role_never_hides_anything() {
        for &organization_role in OrganizationRole::ALL {
            for &visibility in Visibility::ALL {
                let without = ProjectAccess { organization_role, visibility, explicit_role: None };
                for &role in ProjectRole::ALL {
                    let with = ProjectAccess { explicit_role: Some(role), ..without };
                    assert!(with.is_visible() || !without.is_visible(), "{with:?}");
                }
            }
        }
    }
}
