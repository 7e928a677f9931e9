use async_trait::async_trait;
use tenon_domain::access::{Permission, Permissions, ProjectRole, Scope, Visibility};
use tenon_domain::projects::{ProjectDescription, ProjectEdit, ProjectError, ProjectName};
use tenon_domain::{UserId, Version};

use super::membership::{check_lead, open_project_with_rights};
use super::{ProjectRef, ProjectView};
use crate::command::{Command, Work, check_version};
use crate::error::AppError;
use crate::token_access::TokenAccess;

/// The fields to change: `None` leaves one as it is, `Some(None)` clears it.
#[derive(Clone, Debug, Default)]
pub struct ProjectFields {
    pub name: Option<ProjectName>,
    pub description: Option<Option<ProjectDescription>>,
    pub visibility: Option<Visibility>,
    pub lead_id: Option<Option<UserId>>,
}

/// Changes fields of a project. Its key is for life.
#[derive(Clone, Debug)]
pub struct EditProject {
    pub project: ProjectRef,
    pub fields: ProjectFields,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for EditProject {
    type Output = ProjectView;
    const NAME: &'static str = "project.update";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::ProjectsWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<ProjectView, AppError> {
        if self.fields.visibility.is_some() {
            work.review_access().await?;
        }
        let (mut project, own) = open_project_with_rights(work, &self.project, Permission::EditProject).await?;
        let before = project.state().clone();
        check_version(self.expected_version, before.version)?;
        let visibility = self.fields.visibility.unwrap_or(before.visibility);
        if visibility != before.visibility {
            ensure_decides_who_sees(own)?;
        }
        let goes_private = visibility == Visibility::Private && before.visibility != Visibility::Private;
        let lead = self.fields.lead_id.unwrap_or(before.lead_id);
        if self.fields.lead_id.is_some() || goes_private {
            check_lead(work, before.id, visibility, lead).await?;
        }
        if goes_private && work.unit().projects().count_managers(before.id, None).await? == 0 {
            return Err(ProjectError::LastManager.into());
        }
        let edit = ProjectEdit {
            name: self.fields.name.clone(),
            description: self.fields.description.clone(),
            visibility: self.fields.visibility,
            lead_id: self.fields.lead_id,
        };
        project.edit(edit, work.now())?;
        let state = work.unit().projects().save(project).await?;
        if goes_private {
            let now = work.now();
            work.unit().projects().unassign_outsiders(state.id, now).await?;
        }
        let workflow = work.unit().projects().workflow(state.id).await?;
        Ok(ProjectView::new(state, &workflow))
    }
}

/// Refuses who may less than managers: an open project lets the strong members of the organization do all in it, and a
/// private one takes that from them.
fn ensure_decides_who_sees(own: Permissions) -> Result<(), AppError> {
    match ProjectRole::Manager.permissions().iter().find(|permission| !own.contains(*permission)) {
        Some(missing) => Err(AppError::Forbidden(missing)),
        None => Ok(()),
    }
}
