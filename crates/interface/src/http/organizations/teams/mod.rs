//! Teams over HTTP.

mod dto;

use actix_web::{delete, get, patch, post, put};
use tenon_application::Unsorted;
use tenon_application::organizations::{
    AddTeamMember, DeleteTeam, FindTeam, ListTeamMembers, ListTeams, RemoveTeamMember,
};
use utoipa_actix_web::service_config::ServiceConfig;

use self::dto::{CreateTeamBody, TeamFilter, TeamMemberResponse, TeamResponse, UpdateTeamBody};
use crate::http::answer::{Answer, created, no_content, ok, ok_unless_held, ok_versioned};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::conditional::{IfMatch, IfNoneMatch};
use crate::http::list::{List, ListBody, Unfiltered};
use crate::http::path::{InPath, MemberRef, TeamRef};

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_teams)
        .service(create_team)
        .service(get_team)
        .service(update_team)
        .service(delete_team)
        .service(list_team_members)
        .service(put_team_member)
        .service(remove_team_member);
}

type InTeamPath = InPath<TeamRef>;
type InTeamMemberPath = InPath<(TeamRef, MemberRef)>;
type TeamList = List<TeamFilter, Unsorted>;
type TeamMemberList = List<Unfiltered, Unsorted>;

/// List the teams
///
/// In the order of their names, whatever their case. Guests cannot see them.
#[utoipa::path(tag = "teams", operation_id = "list_teams", params(TeamList),
    responses((status = 200, body = ListBody<TeamResponse>, description = "A page of teams")))]
#[get("/teams")]
pub(crate) async fn list_teams(caller: Caller, list: TeamList) -> Answer {
    let query = ListTeams { member: list.filter.member, page: list.page.clone() };
    list.answer::<_, TeamResponse>(caller.ask(query).await?)
}

/// Create a team
///
/// It has no members yet. An organization has at most 200 teams.
#[utoipa::path(tag = "teams", operation_id = "create_team", request_body = CreateTeamBody,
    responses((status = 201, body = TeamResponse, description = "The new team")))]
#[post("/teams")]
pub(crate) async fn create_team(caller: Caller, body: Body<CreateTeamBody>) -> Answer {
    let team = caller.execute(body.into_inner().into_command()?).await?;
    created("/teams", &TeamResponse::from(team))
}

/// Read a team
///
/// Its members are listed by `GET /teams/{team}/members`.
#[utoipa::path(tag = "teams", operation_id = "get_team", params(InTeamPath, IfNoneMatch),
    responses((status = 200, body = TeamResponse, description = "The team")))]
#[get("/teams/{team}")]
pub(crate) async fn get_team(caller: Caller, path: InTeamPath, held: IfNoneMatch) -> Answer {
    let InPath(TeamRef(team)) = path;
    ok_unless_held(&held, &TeamResponse::from(caller.ask(FindTeam { team }).await?))
}

/// Change a team
///
/// Fields that are absent stay as they are; `null` clears a field.
#[utoipa::path(tag = "teams", operation_id = "update_team", params(InTeamPath, IfMatch), request_body = UpdateTeamBody,
    responses((status = 200, body = TeamResponse, description = "The team as it is now")))]
#[patch("/teams/{team}")]
pub(crate) async fn update_team(caller: Caller, path: InTeamPath, seen: IfMatch, body: Body<UpdateTeamBody>) -> Answer {
    let InPath(TeamRef(team)) = path;
    let command = body.into_inner().into_command(team, seen.expected_version(Some(team.uuid())))?;
    ok_versioned(&TeamResponse::from(caller.execute(command).await?))
}

/// Delete a team
///
/// Its members lose what they may do in projects through it alone, and their assignments there.
#[utoipa::path(tag = "teams", operation_id = "delete_team", params(InTeamPath, IfMatch),
    responses((status = 204, description = "It is gone")))]
#[delete("/teams/{team}")]
pub(crate) async fn delete_team(caller: Caller, path: InTeamPath, seen: IfMatch) -> Answer {
    let InPath(TeamRef(team)) = path;
    caller.execute(DeleteTeam { team, expected_version: seen.expected_version(Some(team.uuid())) }).await?;
    no_content()
}

/// List the members of a team
///
/// In the order in which they were added.
#[utoipa::path(tag = "teams", operation_id = "list_team_members", params(InTeamPath, TeamMemberList),
    responses((status = 200, body = ListBody<TeamMemberResponse>, description = "A page of members")))]
#[get("/teams/{team}/members")]
pub(crate) async fn list_team_members(caller: Caller, path: InTeamPath, list: TeamMemberList) -> Answer {
    let InPath(TeamRef(team)) = path;
    let query = ListTeamMembers { team, page: list.page.clone() };
    list.answer::<_, TeamMemberResponse>(caller.ask(query).await?)
}

/// Add somebody to a team
///
/// A member of the organization, guests included, who is let into all projects of the team. A team has at most 500
/// members.
#[utoipa::path(tag = "teams", operation_id = "put_team_member", params(InTeamMemberPath),
    responses((status = 200, body = TeamMemberResponse, description = "The member")))]
#[put("/teams/{team}/members/{user_id}")]
pub(crate) async fn put_team_member(caller: Caller, path: InTeamMemberPath) -> Answer {
    let InPath((TeamRef(team), MemberRef(user))) = path;
    ok(&TeamMemberResponse::from(caller.execute(AddTeamMember { team, user }).await?))
}

/// Remove somebody from a team, or leave it
///
/// They lose what they may do in projects through the team alone, and their assignments there. A role that kept them from
/// something in a project that is open to the organization ends, too: it takes a role of their own to keep who may leave.
#[utoipa::path(tag = "teams", operation_id = "remove_team_member", params(InTeamMemberPath),
    responses((status = 204, description = "They are not in it any more")))]
#[delete("/teams/{team}/members/{user_id}")]
pub(crate) async fn remove_team_member(caller: Caller, path: InTeamMemberPath) -> Answer {
    let InPath((TeamRef(team), MemberRef(user))) = path;
    caller.execute(RemoveTeamMember { team, user }).await?;
    no_content()
}
