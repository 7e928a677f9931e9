//! Who may see a document: asked on every read, answered from the cache.

use tenon_domain::access::{Permissions, ProjectAccess, ProjectRole, Visibility};
use tenon_domain::{OrganizationId, ProjectId, UserId};

use super::read_through::Loaded;
use super::{ABSENCE, Documents, TIME_TO_LIVE};
use crate::actor::Viewer;
use crate::error::AppError;

/// What is kept for a project or a role that does not exist.
const NONE: &str = "none";

impl Documents {
    /// Whether the viewer may see what is in the project; never, when it is gone.
    pub(crate) async fn can_see(&self, viewer: Viewer, project: ProjectId) -> Result<bool, AppError> {
        let Some(visibility) = self.visibility(viewer.organization, project).await? else { return Ok(false) };
        let access = ProjectAccess { organization_role: viewer.role, visibility, explicit: None };
        // An explicit role only ever adds to what can be seen, so it is not looked up where it adds nothing.
        if access.is_visible() {
            return Ok(true);
        }
        let role = self.project_role(viewer.organization, project, viewer.user).await?;
        let access = ProjectAccess { explicit: role.map(ProjectRole::permissions), ..access };
        if access.is_visible() {
            return Ok(true);
        }
        // Whichever role their teams have: each lets them see it.
        let is_in_by_team = self.is_in_by_team(viewer.organization, project, viewer.user).await?;
        let explicit = is_in_by_team.then(|| ProjectRole::Viewer.permissions());
        Ok(ProjectAccess { explicit, ..access }.is_visible())
    }

    /// What the viewer may do in the project, which is not kept; nothing at all, when it does not exist for them.
    pub(crate) async fn permissions(
        &self,
        viewer: Viewer,
        project: ProjectId,
    ) -> Result<Option<Permissions>, AppError> {
        let Some(visibility) = self.visibility(viewer.organization, project).await? else { return Ok(None) };
        let explicit = self.source.explicit(viewer.organization, project, viewer.user).await?;
        Ok(ProjectAccess { organization_role: viewer.role, visibility, explicit }.permissions())
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

    /// Whether a team of the user is in the project.
    pub(super) async fn is_in_by_team(
        &self,
        organization: OrganizationId,
        project: ProjectId,
        user: UserId,
    ) -> Result<bool, AppError> {
        let load = || async {
            let projects = self.source.team_projects(organization, user).await?;
            let names: Vec<String> = projects.iter().map(ProjectId::to_string).collect();
            Ok(loaded((!names.is_empty()).then(|| names.join(" ")).as_deref()))
        };
        let text = self.entries.get(&team_projects_key(organization, user), load).await?;
        let project = project.to_string();
        Ok(text.split(' ').any(|name| name == project))
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

/// One entry for all their teams: who comes to one or leaves it makes one entry untrue, and not one for each project.
pub(super) fn team_projects_key(organization: OrganizationId, user: UserId) -> String {
    format!("team-projects:{organization}:{user}")
}

#[cfg(test)]
mod tests {
    use tenon_domain::access::OrganizationRole;

    use super::*;

    #[test]
    fn an_explicit_role_never_hides_anything() {
        for &organization_role in OrganizationRole::ALL {
            for &visibility in Visibility::ALL {
                let without = ProjectAccess { organization_role, visibility, explicit: None };
                for &role in ProjectRole::ALL {
                    let with = ProjectAccess { explicit: Some(role.permissions()), ..without };
                    assert!(with.is_visible() || !without.is_visible(), "{with:?}");
                }
            }
        }
    }
}
