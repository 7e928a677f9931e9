//! Use cases on projects, their members and their teams.

mod archive_project;
mod create_project;
mod delete_project;
mod edit_project;
mod find_project;
mod giving;
mod list_projects;
mod membership;
mod ports;
mod project_members;
mod project_teams;
mod views;

pub use archive_project::{ArchiveProject, UnarchiveProject};
pub use create_project::CreateProject;
pub use delete_project::DeleteProject;
pub use edit_project::{EditProject, ProjectFields};
pub use find_project::FindProject;
pub use list_projects::ListProjects;
#[cfg(test)]
pub(crate) use ports::MockProjectQueries;
pub use ports::{ProjectFilter, ProjectQueries, ProjectRef, ProjectRepository, ProjectSort};
pub use project_members::{FindProjectMember, ListProjectMembers, RemoveProjectMember, SetProjectMember};
pub use project_teams::{ListProjectTeams, RemoveProjectTeam, SetProjectTeam};
pub use views::{NamedRole, ProjectMemberView, ProjectTeamView, ProjectView, StatusView};

#[cfg(test)]
mod tests;
