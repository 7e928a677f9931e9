//! Projects: where tasks live.
//!
//! A **project** has a short upper-case **key** (`ENG`), members and teams with a **project role**, a **workflow** of
//! **statuses**, and tasks. Every status belongs to a **category**; reports and rules reason on categories only.

mod error;
mod event;
mod given_role;
mod project;
mod values;
mod workflow;

pub use error::ProjectError;
pub use event::ProjectFact;
pub use given_role::GivenRole;
pub use project::{NewProject, Project, ProjectEdit, ProjectState};
pub use values::{ProjectDescription, ProjectKey, ProjectName};
pub use workflow::{Status, StatusCategory, StatusKey, Workflow, WorkflowStatus};

#[cfg(test)]
mod tests;
