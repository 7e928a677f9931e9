//! Teams in JSON.

use serde::{Deserialize, Serialize};
use tenon_application::AppError;
use tenon_application::organizations::{CreateTeam, EditTeam, TeamMemberView, TeamView};
use tenon_domain::organizations::{TeamDescription, TeamName};
use tenon_domain::{TeamId, UserId, Version};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::http::conditional::versioned;
use crate::http::list::Filter;
use crate::http::merge_patch::{Patch, not_null};
use crate::http::query::{self, Params};
use crate::http::validation::checks;
use crate::http::wire::Moment;

checks! {
    name: str => TeamName::parse;
    description: str => TeamDescription::parse;
}

/// Which teams a list shows.
pub(crate) struct TeamFilter {
    pub(super) member: Option<UserId>,
}

impl Filter for TeamFilter {
    fn read(params: &mut Params) -> Self {
        Self { member: params.one("user_id", "Only the teams of this member.", &query::id()) }
    }
}

/// What a new team is made of.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Platform", "description": "What all others stand on." }))]
pub(crate) struct CreateTeamBody {
    /// No other team of the organization has it, whatever its case.
    #[validate(custom(function = "check::name"))]
    #[schema(min_length = 1, max_length = 100, pattern = "line")]
    name: String,
    #[validate(custom(function = "check::description"))]
    #[schema(max_length = 500, pattern = "multiline")]
    description: Option<String>,
}

impl CreateTeamBody {
    pub(super) fn into_command(self) -> Result<CreateTeam, AppError> {
        Ok(CreateTeam {
            name: TeamName::parse(&self.name)?,
            description: self.description.as_deref().map_or(Ok(None), TeamDescription::parse)?,
        })
    }
}

/// What is to change in a team.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({ "name": "Platform and tools", "description": null }))]
pub(crate) struct UpdateTeamBody {
    /// No other team of the organization has it, whatever its case.
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::name"))]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 100, pattern = "line")]
    name: Option<String>,
    #[validate(custom(function = "check::description"))]
    #[schema(value_type = Option<String>, max_length = 500, pattern = "multiline")]
    description: Patch<String>,
}

impl UpdateTeamBody {
    pub(super) fn into_command(self, team: TeamId, expected_version: Option<Version>) -> Result<EditTeam, AppError> {
        Ok(EditTeam {
            team,
            name: self.name.as_deref().map(TeamName::parse).transpose()?,
            description: self.description.parse(|text| TeamDescription::parse(&text))?.map(Option::flatten),
            expected_version,
        })
    }
}

/// A named set of members.
#[derive(Serialize, ToSchema)]
#[schema(as = Team, example = json!({
    "id": "0199f8a4-9c1f-7b3e-8a2d-5e6f70819a2b", "name": "Platform", "description": null, "member_count": 4,
    "version": 5, "created_at": "2026-11-21T09:30:00.123Z", "updated_at": "2026-11-21T11:15:00.456Z",
}))]
pub(crate) struct TeamResponse {
    id: Uuid,
    name: String,
    #[schema(required = true)]
    description: Option<String>,
    member_count: u64,
    /// Rises with each member who comes or goes, too.
    version: i64,
    created_at: Moment,
    updated_at: Moment,
}

impl From<TeamView> for TeamResponse {
    fn from(team: TeamView) -> Self {
        Self {
            id: team.id.into(),
            name: team.name,
            description: team.description,
            member_count: team.member_count,
            version: team.version,
            created_at: team.created_at.into(),
            updated_at: team.updated_at.into(),
        }
    }
}

versioned!(TeamResponse);

/// A member of a team.
#[derive(Serialize, ToSchema)]
#[schema(as = TeamMember, example = json!({
    "user_id": "0199f8a2-8e30-7f5c-9d76-4b2ea03f9c88", "display_name": "Ada Lovelace",
    "added_at": "2026-11-21T09:30:00.123Z",
}))]
pub(crate) struct TeamMemberResponse {
    user_id: Uuid,
    display_name: String,
    added_at: Moment,
}

impl From<TeamMemberView> for TeamMemberResponse {
    fn from(member: TeamMemberView) -> Self {
        Self { user_id: member.user_id.into(), display_name: member.display_name, added_at: member.added_at.into() }
    }
}
