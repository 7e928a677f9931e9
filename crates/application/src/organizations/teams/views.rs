use tenon_domain::organizations::{TeamDescription, TeamState};
use tenon_domain::{TeamId, Timestamp, UserId, Version};

/// A team as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamView {
    pub id: TeamId,
    pub name: String,
    pub description: Option<String>,
    pub member_count: u64,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl TeamView {
    pub fn new(state: TeamState, member_count: u64) -> Self {
        Self {
            id: state.id,
            name: state.name.into_string(),
            description: state.description.as_ref().map(TeamDescription::as_str).map(str::to_owned),
            member_count,
            version: state.version,
            created_at: state.created_at,
            updated_at: state.updated_at,
        }
    }
}

/// A member of a team as they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamMemberView {
    pub user_id: UserId,
    pub display_name: String,
    pub added_at: Timestamp,
}
