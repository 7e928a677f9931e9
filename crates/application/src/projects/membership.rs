//! Who may lead a project, and how a reference becomes a project the actor may act on.

use tenon_domain::access::{Permission, Visibility};
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
    let id = work.unit().projects().resolve(project).await?.ok_or(AppError::NotFound("project"))?;
    work.project(id, permission).await
}

/// A lead must be a member of the organization; in a private project, of the project.
pub(super) async fn check_lead(
    work: &mut Work<'_>,
    project: ProjectId,
    visibility: Visibility,
    lead: Option<UserId>,
) -> Result<(), AppError> {
    let Some(lead) = lead else { return Ok(()) };
    let inside = match visibility {
        Visibility::Organization => work.unit().members().find(lead).await?.is_some(),
        Visibility::Private => work.unit().projects().role(project, lead).await?.is_some(),
    };
    if inside { Ok(()) } else { Err(ProjectError::LeadOutsideProject.into()) }
}
