use async_trait::async_trait;
use tenon_domain::Version;
use tenon_domain::access::{Permission, Scope};

use super::ProjectRef;
use super::membership::open_project;
use crate::command::{Command, Work, check_version};
use crate::error::AppError;
use crate::token_access::TokenAccess;

/// Removes a project with all its tasks, for good.
#[derive(Clone, Debug)]
pub struct DeleteProject {
    pub project: ProjectRef,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for DeleteProject {
    type Output = ();
    const NAME: &'static str = "project.delete";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::ProjectsWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut project = open_project(work, &self.project, Permission::DeleteProject).await?;
        check_version(self.expected_version, project.state().version)?;
        project.delete();
        work.unit().projects().delete(project).await?;
        Ok(())
    }
}
