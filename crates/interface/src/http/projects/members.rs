//! The explicit members of a project over HTTP.

use actix_web::{delete, get, put};
use serde::{Deserialize, Serialize};
use tenon_application::Unsorted;
use tenon_application::projects::{
    FindProjectMember, ListProjectMembers, ProjectMemberView, ProjectRef, RemoveProjectMember, SetProjectMember,
};
use tenon_domain::access::ProjectRole;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::answer::{Answer, no_content, ok};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::list::{List, ListBody, Unfiltered};
use crate::http::path::{InPath, MemberRef};
use crate::http::wire::{Moment, wire_enum};

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_project_members)
        .service(get_project_member)
        .service(put_project_member)
        .service(remove_project_member);
}

type InProjectPath = InPath<ProjectRef>;
type InProjectMemberPath = InPath<(ProjectRef, MemberRef)>;
type MemberList = List<Unfiltered, Unsorted>;

wire_enum!(ProjectRoleName, "ProjectRole", ProjectRole);

/// The role somebody is to have in a project.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "role": "contributor" }))]
pub(crate) struct SetProjectMemberBody {
    role: ProjectRoleName,
}

/// An explicit member of a project.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectMemberResponse {
    user_id: Uuid,
    #[schema(example = "Ada Lovelace")]
    display_name: String,
    role: ProjectRoleName,
    added_at: Moment,
}

impl From<ProjectMemberView> for ProjectMemberResponse {
    fn from(member: ProjectMemberView) -> Self {
        Self {
            user_id: member.user_id.into(),
            display_name: member.display_name,
            role: member.role.into(),
            added_at: member.added_at.into(),
        }
    }
}

/// List the members of a project
///
/// Those with a role of their own. To a project that is open to the organization, others belong through their role there.
#[utoipa::path(tag = "projects", operation_id = "list_project_members", params(InProjectPath, MemberList),
    responses((status = 200, body = ListBody<ProjectMemberResponse>, description = "A page of members")))]
#[get("/projects/{project}/members")]
pub(crate) async fn list_project_members(caller: Caller, project: InProjectPath, list: MemberList) -> Answer {
    let query = ListProjectMembers { project: project.0, page: list.page.clone() };
    list.answer::<_, ProjectMemberResponse>(caller.ask(query).await?)
}

/// Read a member of a project
#[utoipa::path(tag = "projects", operation_id = "get_project_member", params(InProjectMemberPath),
    responses((status = 200, body = ProjectMemberResponse, description = "The member")))]
#[get("/projects/{project}/members/{user_id}")]
pub(crate) async fn get_project_member(caller: Caller, path: InProjectMemberPath) -> Answer {
    let InPath((project, MemberRef(user))) = path;
    ok(&ProjectMemberResponse::from(caller.ask(FindProjectMember { project, user }).await?))
}

/// Add somebody to a project, or change their role in it
#[utoipa::path(tag = "projects", operation_id = "put_project_member", params(InProjectMemberPath),
    request_body = SetProjectMemberBody,
    responses((status = 200, body = ProjectMemberResponse, description = "The member as they are now")))]
#[put("/projects/{project}/members/{user_id}")]
pub(crate) async fn put_project_member(
    caller: Caller,
    path: InProjectMemberPath,
    body: Body<SetProjectMemberBody>,
) -> Answer {
    let InPath((project, MemberRef(user))) = path;
    let command = SetProjectMember { project, user, role: body.into_inner().role.0 };
    ok(&ProjectMemberResponse::from(caller.execute(command).await?))
}

/// Remove somebody from a project, or leave it
#[utoipa::path(tag = "projects", operation_id = "remove_project_member", params(InProjectMemberPath),
    responses((status = 204, description = "They have no role of their own in it any more")))]
#[delete("/projects/{project}/members/{user_id}")]
pub(crate) async fn remove_project_member(caller: Caller, path: InProjectMemberPath) -> Answer {
    let InPath((project, MemberRef(user))) = path;
    caller.execute(RemoveProjectMember { project, user }).await?;
    no_content()
}
