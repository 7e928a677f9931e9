//! Who may lead a project, and how a reference becomes a project the actor may act on.

use tenon_domain::access::{Permission, Permissions, Visibility};
use tenon_domain::projects::{Project, ProjectError};
use tenon_domain::{ProjectId, UserId};

use super::ProjectRef;
use crate::command::Work;
use crate::error::AppError;

/// The project behind a reference, if the actor may do this in it.
pub(super) async fn open_project(
    work: &mut Work<'_>,
    project: &ProjectRef,
    permission: Permission,
) -> Result<Project, AppError> {
    let (project, _) = open_project_with_rights(work, project, permission).await?;
    Ok(project)
}

/// The same, with all that the actor may do in it.
pub(super) async fn open_project_with_rights(
    work: &mut Work<'_>,
    project: &ProjectRef,
    permission: Permission,
) -> Result<(Project, Permissions), AppError> {
    let absent = AppError::NotFound("project");
    let Some(id) = work.unit().projects().resolve(project).await? else { return Err(absent) };
    work.project_and_rights(id, permission, absent).await
}

/// A lead must be an active member of the organization; in a private project, of the project or of a team in
/// it as well.
pub(super) async fn check_lead(
    work: &mut Work<'_>,
    project: ProjectId,
    visibility: Visibility,
    lead: Option<UserId>,
) -> Result<(), AppError> {
    let Some(lead) = lead else { return Ok(()) };
    let has_access = !work.unit().members().among(&[lead]).await?.is_empty();
    let inside = match visibility {
        Visibility::Organization => true,
        Visibility::Private => is_added(work, project, lead).await?,
    };
    if has_access && inside { Ok(()) } else { Err(ProjectError::LeadOutsideProject.into()) }
}

/// Whether somebody was added to the project: themselves, or by a team of theirs.
pub(super) async fn is_added(work: &mut Work<'_>, project: ProjectId, user: UserId) -> Result<bool, AppError> {
    let found = work.unit().projects().find_for(project, user).await?;
    Ok(found.is_some_and(|(_, explicit)| explicit.is_some()))
}
