//! Tasks over HTTP.

mod dto;
mod filter;

use actix_web::{delete, get, patch, post};
use tenon_application::projects::ProjectRef;
use tenon_application::tasks::{
    DeleteTask, EditTask, ListTasks, ReadTask, RestoreTask, TaskFilter, TaskRef, TaskSort, TransitionTask,
};
use utoipa_actix_web::service_config::ServiceConfig;

use self::dto::{CreateTaskBody, RENDERING, TaskResponse, TransitionTaskBody, UpdateTaskBody, id_of};
use self::filter::TaskFilterInProject;
use super::answer::{Answer, created, document_unless_held, no_content, ok_versioned};
use super::body::Body;
use super::caller::Caller;
use super::conditional::{IfMatch, IfNoneMatch};
use super::list::{List, ListBody};
use super::path::InPath;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_task)
        .service(list_tasks)
        .service(create_task)
        .service(update_task)
        .service(delete_task)
        .service(transition_task)
        .service(restore_task)
        .service(list_project_tasks);
}

type InTaskPath = InPath<TaskRef>;
type InProjectPath = InPath<ProjectRef>;
type TaskList = List<TaskFilter, TaskSort>;
type ProjectTaskList = List<TaskFilterInProject, TaskSort>;

/// List tasks
///
/// Tasks of all projects you can see. Those in the trash are not listed.
#[utoipa::path(tag = "tasks", operation_id = "list_tasks", params(TaskList),
    responses((status = 200, body = ListBody<TaskResponse>, description = "A page of tasks")))]
#[get("/tasks")]
pub(crate) async fn list_tasks(caller: Caller, list: TaskList) -> Answer {
    let query = ListTasks { project: None, filter: list.filter.clone(), page: list.page.clone() };
    list.answer::<_, TaskResponse>(caller.ask(query).await?)
}

/// List the tasks of a project
///
/// Like `GET /tasks`, of one project.
#[utoipa::path(tag = "tasks", operation_id = "list_project_tasks", params(InProjectPath, ProjectTaskList),
    responses((status = 200, body = ListBody<TaskResponse>, description = "A page of tasks")))]
#[get("/projects/{project}/tasks")]
pub(crate) async fn list_project_tasks(caller: Caller, project: InProjectPath, list: ProjectTaskList) -> Answer {
    let query = ListTasks { project: Some(project.0), filter: list.filter.0.clone(), page: list.page.clone() };
    list.answer::<_, TaskResponse>(caller.ask(query).await?)
}

/// Create a task
///
/// It begins in the first status of the project's workflow, reported by you.
#[utoipa::path(tag = "tasks", operation_id = "create_task", request_body = CreateTaskBody,
    responses((status = 201, body = TaskResponse, description = "The new task")))]
#[post("/tasks")]
pub(crate) async fn create_task(caller: Caller, body: Body<CreateTaskBody>) -> Answer {
    let task = caller.execute(body.into_inner().into_command()?).await?;
    created("/tasks", &TaskResponse::from(task))
}

/// Read a task
///
/// By its id or its key, unless it is in the trash.
#[utoipa::path(tag = "tasks", operation_id = "get_task", params(InTaskPath, IfNoneMatch),
    responses((status = 200, body = TaskResponse, description = "The task")))]
#[get("/tasks/{task}")]
pub(crate) async fn get_task(caller: Caller, task: InTaskPath, held: IfNoneMatch) -> Answer {
    document_unless_held(&held, caller.ask(ReadTask { task: task.0, rendering: RENDERING }).await?)
}

/// Change a task
///
/// Fields that are absent stay as they are; `null` clears a field.
#[utoipa::path(tag = "tasks", operation_id = "update_task", params(InTaskPath, IfMatch), request_body = UpdateTaskBody,
    responses((status = 200, body = TaskResponse, description = "The task as it is now")))]
#[patch("/tasks/{task}")]
pub(crate) async fn update_task(caller: Caller, task: InTaskPath, seen: IfMatch, body: Body<UpdateTaskBody>) -> Answer {
    let expected_version = seen.expected_version(id_of(&task.0));
    let command = EditTask { task: task.0, fields: body.into_inner().into_fields()?, expected_version };
    ok_versioned(&TaskResponse::from(caller.execute(command).await?))
}

/// Move a task to the trash
///
/// Subtasks stay. `POST /tasks/{task}/restore` brings it back.
#[utoipa::path(tag = "tasks", operation_id = "delete_task", params(InTaskPath, IfMatch),
    responses((status = 204, description = "It is in the trash")))]
#[delete("/tasks/{task}")]
pub(crate) async fn delete_task(caller: Caller, task: InTaskPath, seen: IfMatch) -> Answer {
    let expected_version = seen.expected_version(id_of(&task.0));
    caller.execute(DeleteTask { task: task.0, expected_version }).await?;
    no_content()
}

/// Move a task to another status
///
/// To any other status of the project's workflow.
#[utoipa::path(tag = "tasks", operation_id = "transition_task", params(InTaskPath, IfMatch),
    request_body = TransitionTaskBody,
    responses((status = 200, body = TaskResponse, description = "The task as it is now")))]
#[post("/tasks/{task}/transition")]
pub(crate) async fn transition_task(
    caller: Caller,
    task: InTaskPath,
    seen: IfMatch,
    body: Body<TransitionTaskBody>,
) -> Answer {
    let expected_version = seen.expected_version(id_of(&task.0));
    let command = TransitionTask { task: task.0, status: body.into_inner().status, expected_version };
    ok_versioned(&TaskResponse::from(caller.execute(command).await?))
}

/// Bring a task back from the trash
///
/// As it was.
#[utoipa::path(tag = "tasks", operation_id = "restore_task", params(InTaskPath),
    responses((status = 200, body = TaskResponse, description = "The task as it is now")))]
#[post("/tasks/{task}/restore")]
pub(crate) async fn restore_task(caller: Caller, task: InTaskPath) -> Answer {
    ok_versioned(&TaskResponse::from(caller.execute(RestoreTask { task: task.0 }).await?))
}

#[cfg(test)]
mod tests {
    use super::dto::RENDERING;

    #[test]
    fn the_shape_that_caches_keep_has_a_number_of_its_own() {
        let document: serde_json::Value = serde_json::from_str(&crate::http::openapi_json()).unwrap();
        let fields = document["components"]["schemas"]["TaskResponse"]["properties"].as_object().unwrap();
        let mut names: Vec<_> = fields.keys().map(String::as_str).collect();
        names.sort_unstable();
        let shape = "assignee_ids completed_at created_at description due_date estimate id key labels number \
            parent_id priority project_id reporter_id start_date status status_category title type updated_at version";
        assert_eq!((RENDERING.shape, names.join(" ").as_str()), (1, shape), "another shape takes the next number");
    }
}
