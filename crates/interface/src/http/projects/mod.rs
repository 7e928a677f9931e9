//! Projects over HTTP.

mod dto;
mod given_role;
mod members;
mod teams;

use actix_web::{delete, get, patch, post};
use tenon_application::projects::{
    ArchiveProject, DeleteProject, EditProject, FindProject, ListProjects, ProjectFilter, ProjectRef, ProjectSort,
    UnarchiveProject,
};
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use self::dto::StatusCategoryName;
use self::dto::{CreateProjectBody, ProjectResponse, UpdateProjectBody, id_of};
pub(crate) use self::given_role::ProjectRoleName;
use super::answer::{Answer, created, no_content, ok_unless_held, ok_versioned};
use super::body::Body;
use super::caller::Caller;
use super::conditional::{IfMatch, IfNoneMatch};
use super::list::{List, ListBody};
use super::path::InPath;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_projects)
        .service(create_project)
        .service(get_project)
        .service(update_project)
        .service(delete_project)
        .service(archive_project)
        .service(unarchive_project)
        .configure(members::configure)
        .configure(teams::configure);
}

type InProjectPath = InPath<ProjectRef>;
type ProjectList = List<ProjectFilter, ProjectSort>;

/// List projects
///
/// The projects you can see.
#[utoipa::path(tag = "projects", operation_id = "list_projects", params(ProjectList),
    responses((status = 200, body = ListBody<ProjectResponse>, description = "A page of projects")))]
#[get("/projects")]
pub(crate) async fn list_projects(caller: Caller, list: ProjectList) -> Answer {
    let query = ListProjects { filter: list.filter.clone(), page: list.page.clone() };
    list.answer::<_, ProjectResponse>(caller.ask(query).await?)
}

/// Create a project
///
/// It begins with the standard workflow. You become its manager, which guests cannot be.
#[utoipa::path(tag = "projects", operation_id = "create_project", request_body = CreateProjectBody,
    responses((status = 201, body = ProjectResponse, description = "The new project")))]
#[post("/projects")]
pub(crate) async fn create_project(caller: Caller, body: Body<CreateProjectBody>) -> Answer {
    let project = caller.execute(body.into_inner().into_command()?).await?;
    created("/projects", &ProjectResponse::from(project))
}

/// Read a project
///
/// By its id or its key, with its workflow.
#[utoipa::path(tag = "projects", operation_id = "get_project", params(InProjectPath, IfNoneMatch),
    responses((status = 200, body = ProjectResponse, description = "The project")))]
#[get("/projects/{project}")]
pub(crate) async fn get_project(caller: Caller, project: InProjectPath, held: IfNoneMatch) -> Answer {
    let project = caller.ask(FindProject { project: project.0 }).await?;
    ok_unless_held(&held, &ProjectResponse::from(project))
}

/// Change a project
///
/// Fields that are absent stay as they are; `null` clears a field. The key is for life.
#[utoipa::path(tag = "projects", operation_id = "update_project", params(InProjectPath, IfMatch),
    request_body = UpdateProjectBody,
    responses((status = 200, body = ProjectResponse, description = "The project as it is now")))]
#[patch("/projects/{project}")]
pub(crate) async fn update_project(
    caller: Caller,
    project: InProjectPath,
    seen: IfMatch,
    body: Body<UpdateProjectBody>,
) -> Answer {
    let expected_version = seen.expected_version(id_of(&project.0));
    let command = EditProject { project: project.0, fields: body.into_inner().into_fields()?, expected_version };
    ok_versioned(&ProjectResponse::from(caller.execute(command).await?))
}

/// Delete a project
///
/// With all its tasks, for good.
#[utoipa::path(tag = "projects", operation_id = "delete_project", params(InProjectPath, IfMatch),
    responses((status = 204, description = "It is gone")))]
#[delete("/projects/{project}")]
pub(crate) async fn delete_project(caller: Caller, project: InProjectPath, seen: IfMatch) -> Answer {
    let expected_version = seen.expected_version(id_of(&project.0));
    caller.execute(DeleteProject { project: project.0, expected_version }).await?;
    no_content()
}

/// Archive a project
///
/// It becomes read-only.
#[utoipa::path(tag = "projects", operation_id = "archive_project", params(InProjectPath),
    responses((status = 200, body = ProjectResponse, description = "The project as it is now")))]
#[post("/projects/{project}/archive")]
pub(crate) async fn archive_project(caller: Caller, project: InProjectPath) -> Answer {
    ok_versioned(&ProjectResponse::from(caller.execute(ArchiveProject { project: project.0 }).await?))
}

/// Unarchive a project
///
/// It can be changed again.
#[utoipa::path(tag = "projects", operation_id = "unarchive_project", params(InProjectPath),
    responses((status = 200, body = ProjectResponse, description = "The project as it is now")))]
#[post("/projects/{project}/unarchive")]
pub(crate) async fn unarchive_project(caller: Caller, project: InProjectPath) -> Answer {
    ok_versioned(&ProjectResponse::from(caller.execute(UnarchiveProject { project: project.0 }).await?))
}
