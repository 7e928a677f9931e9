use tenon_domain::access::{ProjectRole, Visibility};
use tenon_domain::projects::{ProjectDescription, ProjectState, StatusCategory, Workflow};
use tenon_domain::{CustomRoleId, ProjectId, TeamId, Timestamp, UserId, Version};

/// A status of a project's workflow as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusView {
    pub key: String,
    pub name: String,
    pub category: StatusCategory,
}

/// A project as it is read, with its workflow in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectView {
    pub id: ProjectId,
    pub key: String,
    pub name: String,
    pub description: Option<String>,
    pub visibility: Visibility,
    pub lead_id: Option<UserId>,
    pub statuses: Vec<StatusView>,
    pub archived_at: Option<Timestamp>,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl ProjectView {
    pub fn new(state: ProjectState, workflow: &Workflow) -> Self {
        Self {
            id: state.id,
            key: state.key.to_string(),
            name: state.name.into_string(),
            description: state.description.as_ref().map(ProjectDescription::as_str).map(str::to_owned),
            visibility: state.visibility,
            lead_id: state.lead_id,
            statuses: workflow
                .statuses()
                .iter()
                .map(|entry| StatusView {
                    key: entry.status.key.to_string(),
                    name: entry.name.clone(),
                    category: entry.status.category,
                })
                .collect(),
            archived_at: state.archived_at,
            version: state.version,
            created_at: state.created_at,
            updated_at: state.updated_at,
        }
    }
}

/// An explicit member of a project as they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectMemberView {
    pub user_id: UserId,
    pub display_name: String,
    /// With a custom role, the weakest there is.
    pub role: ProjectRole,
    pub custom_role: Option<NamedRole>,
    pub added_at: Timestamp,
}

/// A team in a project as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectTeamView {
    pub team_id: TeamId,
    pub name: String,
    /// With a custom role, the weakest there is.
    pub role: ProjectRole,
    pub custom_role: Option<NamedRole>,
    pub added_at: Timestamp,
}

/// A custom role where somebody has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRole {
    pub id: CustomRoleId,
    pub name: String,
}
