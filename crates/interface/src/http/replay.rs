//! Telling the outcome of a request again that was sent before: to who could get it now, and to nobody else.
//!
//! That the caller is who they were, with the same credential and the same rights in the organization, is found out before
//! (see [`idempotency`](super::idempotency)). What they may see of its projects is found out here.

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use tenon_application::Actor;
use tenon_application::idempotency::StoredAnswer;
use tenon_domain::ProjectId;
use uuid::Uuid;

use super::problem::Problem;
use super::services::HttpServices;
use super::{BASE_PATH, withheld};

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The answer that was kept, if the caller may still have it.
pub(crate) async fn told_again(
    services: &HttpServices,
    actor: &Actor,
    request: ServiceRequest,
    stored: StoredAnswer,
) -> ServiceResponse<BoxBody> {
    match check(services, actor, request.match_info().as_str(), &stored).await {
        Ok(()) => {
            let body = withheld::restore(request.request(), stored.body.clone());
            request.into_response(rendered(StoredAnswer { body, ..stored }))
        }
        Err(problem) => request.error_response(problem),
    }
}

async fn check(services: &HttpServices, actor: &Actor, path: &str, stored: &StoredAnswer) -> Result<(), Problem> {
    let Some(project) = project_in(path, &stored.body).filter(|_| stored.is_success()) else { return Ok(()) };
    if services.app.sees(actor, project).await? { Ok(()) } else { Err(not_for_this_caller()) }
}

/// Whoever sends the request now is not told what came of it, and it is not carried out again.
pub(crate) fn not_for_this_caller() -> Problem {
    let detail = "This key was used with another credential, or what you may do or see has changed since: look at the \
                  result of the first request, or take a new key.";
    Problem::new(StatusCode::CONFLICT, "idempotency.caller_changed", detail)
}

/// What answers have of projects.
#[derive(Deserialize)]
struct Shown {
    id: Option<Uuid>,
    project_id: Option<Uuid>,
}

/// The project that an answer shows, or that what it shows is in.
fn project_in(path: &str, body: &[u8]) -> Option<ProjectId> {
    let shown: Shown = serde_json::from_slice(body).ok()?;
    let path = path.strip_prefix(BASE_PATH).unwrap_or(path);
    let is_project = path == "/projects" || path.starts_with("/projects/");
    (if is_project { shown.id } else { shown.project_id }).map(ProjectId::from)
}

fn rendered(stored: StoredAnswer) -> HttpResponse {
    let mut answer = HttpResponse::build(StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK));
    for (name, value) in stored.headers {
        answer.insert_header((name, value));
    }
    answer.insert_header((REPLAYED, HeaderValue::from_static("true"))).body(stored.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_about_projects_and_tasks_name_the_project() {
        let (id, project) = (Uuid::from_u128(7), Uuid::from_u128(8));
        let task = format!(r#"{{"id":"{id}","project_id":"{project}","title":"Fix the door"}}"#);
        assert_eq!(project_in("/api/v1/tasks", task.as_bytes()), Some(ProjectId::from(project)));
        let body = format!(r#"{{"id":"{id}","key":"ENG"}}"#);
        for path in ["/api/v1/projects", "/api/v1/projects/ENG/archive"] {
            assert_eq!(project_in(path, body.as_bytes()), Some(ProjectId::from(id)), "{path}");
        }
        assert_eq!(project_in("/api/v1/invitations", body.as_bytes()), None);
        assert_eq!(project_in("/api/v1/notifications/read-all", b""), None);
    }
}
