//! The teams of a project over HTTP.

use actix_web::{delete, get, put};
use serde::Serialize;
use tenon_application::Unsorted;
use tenon_application::projects::{ListProjectTeams, ProjectRef, ProjectTeamView, RemoveProjectTeam, SetProjectTeam};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::given_role::{GivenRoleBody, ProjectRoleName};
use crate::http::answer::{Answer, no_content, ok};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::list::{List, ListBody, Unfiltered};
use crate::http::organizations::HeldRoleResponse;
use crate::http::path::{InPath, TeamRef};
use crate::http::wire::Moment;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_project_teams).service(put_project_team).service(remove_project_team);
}

type InProjectPath = InPath<ProjectRef>;
type InProjectTeamPath = InPath<(ProjectRef, TeamRef)>;
type TeamList = List<Unfiltered, Unsorted>;

/// A team in a project.
#[derive(Serialize, ToSchema)]
#[schema(as = ProjectTeam, example = json!({
    "team_id": "0199f8a4-9c1f-7b3e-8a2d-5e6f70819a2b", "name": "Platform", "role": "contributor", "custom_role": null,
    "added_at": "2026-11-21T09:30:00.123Z",
}))]
pub(crate) struct ProjectTeamResponse {
    team_id: Uuid,
    name: String,
    /// `viewer` with a custom role.
    role: ProjectRoleName,
    #[schema(required = true)]
    custom_role: Option<HeldRoleResponse>,
    added_at: Moment,
}

impl From<ProjectTeamView> for ProjectTeamResponse {
    fn from(team: ProjectTeamView) -> Self {
        Self {
            team_id: team.team_id.into(),
            name: team.name,
            role: team.role.into(),
            custom_role: team.custom_role.map(Into::into),
            added_at: team.added_at.into(),
        }
    }
}

/// List the teams of a project
///
/// In the order in which they were added.
#[utoipa::path(tag = "projects", operation_id = "list_project_teams", params(InProjectPath, TeamList),
    responses((status = 200, body = ListBody<ProjectTeamResponse>, description = "A page of teams")))]
#[get("/projects/{project}/teams")]
pub(crate) async fn list_project_teams(caller: Caller, project: InProjectPath, list: TeamList) -> Answer {
    let query = ListProjectTeams { project: project.0, page: list.page.clone() };
    list.answer::<_, ProjectTeamResponse>(caller.ask(query).await?)
}

/// Add a team to a project, or change its role in it
///
/// All its members have the role in the project, whoever joins it later included; who has a role of their own, or is in
/// several teams, has all of it together. So whoever manages teams lets people into the project from then on, also into a
/// private one. A team does not count as its last manager. Nobody gives or takes a role that permits more than they may do in
/// the project themselves; in a project that is open, what members have in it without a role counts as one.
#[utoipa::path(tag = "projects", operation_id = "put_project_team", params(InProjectTeamPath),
    request_body = GivenRoleBody,
    responses((status = 200, body = ProjectTeamResponse, description = "The team as it is in the project now")))]
#[put("/projects/{project}/teams/{team}")]
pub(crate) async fn put_project_team(caller: Caller, path: InProjectTeamPath, body: Body<GivenRoleBody>) -> Answer {
    let InPath((project, TeamRef(team))) = path;
    let command = SetProjectTeam { project, team, role: body.into_inner().into_role()? };
    ok(&ProjectTeamResponse::from(caller.execute(command).await?))
}

/// Remove a team from a project
///
/// Who saw the project through it alone is taken off the tasks in it.
#[utoipa::path(tag = "projects", operation_id = "remove_project_team", params(InProjectTeamPath),
    responses((status = 204, description = "The team is not in it any more")))]
#[delete("/projects/{project}/teams/{team}")]
pub(crate) async fn remove_project_team(caller: Caller, path: InProjectTeamPath) -> Answer {
    let InPath((project, TeamRef(team))) = path;
    caller.execute(RemoveProjectTeam { project, team }).await?;
    no_content()
}
