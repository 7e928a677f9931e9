//! The explicit members of a project over HTTP.

use actix_web::{delete, get, put};
use serde::Serialize;
use tenon_application::Unsorted;
use tenon_application::projects::{
    FindProjectMember, ListProjectMembers, ProjectMemberView, ProjectRef, RemoveProjectMember, SetProjectMember,
};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::given_role::{GivenRoleBody, ProjectRoleName};
use crate::http::answer::{Answer, no_content, ok};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::list::{List, ListBody, Unfiltered};
use crate::http::organizations::HeldRoleResponse;
use crate::http::path::{InPath, MemberRef};
use crate::http::wire::Moment;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_project_members)
        .service(get_project_member)
        .service(put_project_member)
        .service(remove_project_member);
}

type InProjectPath = InPath<ProjectRef>;
type InProjectMemberPath = InPath<(ProjectRef, MemberRef)>;
type MemberList = List<Unfiltered, Unsorted>;

/// An explicit member of a project.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectMemberResponse {
    user_id: Uuid,
    #[schema(example = "Ada Lovelace")]
    display_name: String,
    /// `viewer` with a custom role.
    role: ProjectRoleName,
    #[schema(required = true)]
    custom_role: Option<HeldRoleResponse>,
    added_at: Moment,
}

impl From<ProjectMemberView> for ProjectMemberResponse {
    fn from(member: ProjectMemberView) -> Self {
        Self {
            user_id: member.user_id.into(),
            display_name: member.display_name,
            role: member.role.into(),
            custom_role: member.custom_role.map(Into::into),
            added_at: member.added_at.into(),
        }
    }
}

/// List the members of a project
///
/// Those with a role of their own. Others belong through a team, or through their role in the organization, where the
/// project is open to it.
#[utoipa::path(tag = "projects", operation_id = "list_project_members", params(InProjectPath, MemberList),
    responses((status = 200, body = ListBody<ProjectMemberResponse>, description = "A page of members")))]
#[get("/projects/{project}/members")]
pub(crate) async fn list_project_members(caller: Caller, project: InProjectPath, list: MemberList) -> Answer {
    let query = ListProjectMembers { project: project.0, page: list.page.clone() };
    list.answer::<_, ProjectMemberResponse>(caller.ask(query).await?)
}

/// Read a member of a project
///
/// With their role there.
#[utoipa::path(tag = "projects", operation_id = "get_project_member", params(InProjectMemberPath),
    responses((status = 200, body = ProjectMemberResponse, description = "The member")))]
#[get("/projects/{project}/members/{user_id}")]
pub(crate) async fn get_project_member(caller: Caller, path: InProjectMemberPath) -> Answer {
    let InPath((project, MemberRef(user))) = path;
    ok(&ProjectMemberResponse::from(caller.ask(FindProjectMember { project, user }).await?))
}

/// Add somebody to a project, or change their role in it
///
/// A role of the system's, or a custom one for projects. Nobody gives or takes a role that permits more than they may do
/// in the project themselves; in a project that is open, what people have in it without a role counts as one.
#[utoipa::path(tag = "projects", operation_id = "put_project_member", params(InProjectMemberPath),
    request_body = GivenRoleBody,
    responses((status = 200, body = ProjectMemberResponse, description = "The member as they are now")))]
#[put("/projects/{project}/members/{user_id}")]
pub(crate) async fn put_project_member(caller: Caller, path: InProjectMemberPath, body: Body<GivenRoleBody>) -> Answer {
    let InPath((project, MemberRef(user))) = path;
    let command = SetProjectMember { project, user, role: body.into_inner().into_role()? };
    ok(&ProjectMemberResponse::from(caller.execute(command).await?))
}

/// Remove somebody from a project, or leave it
///
/// What they may do in it by their teams stays. Everybody may leave, unless they could do more afterwards, as the project is
/// open to the organization and the role restricts them (403 `permission.denied`).
#[utoipa::path(tag = "projects", operation_id = "remove_project_member", params(InProjectMemberPath),
    responses((status = 204, description = "They have no role of their own in it any more")))]
#[delete("/projects/{project}/members/{user_id}")]
pub(crate) async fn remove_project_member(caller: Caller, path: InProjectMemberPath) -> Answer {
    let InPath((project, MemberRef(user))) = path;
    caller.execute(RemoveProjectMember { project, user }).await?;
    no_content()
}
