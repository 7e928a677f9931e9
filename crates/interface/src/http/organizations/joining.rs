//! Joining organizations by one's address over HTTP.

use actix_web::{get, post};
use serde::Serialize;
use tenon_application::Unsorted;
use tenon_application::organizations::{JoinOrganization, JoinableOrganizationView, ListJoinable};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{InOrganizationPath, OrganizationRef, OrganizationResponse, OrganizationRoleName};
use crate::http::answer::{Answer, ok_versioned};
use crate::http::caller::Caller;
use crate::http::list::{List, ListBody, Unfiltered};
use crate::http::path::InPath;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_joinable_organizations).service(join_organization);
}

type JoinableList = List<Unfiltered, Unsorted>;

/// An organization that you may join.
#[derive(Serialize, ToSchema)]
#[schema(as = JoinableOrganization, example = json!({
    "id": "0199f8a2-5b0d-7c29-8a43-1e9b7d0c6955", "name": "Analytical Engines", "role": "member",
}))]
pub(crate) struct JoinableOrganizationResponse {
    id: Uuid,
    name: String,
    /// What you would become.
    role: OrganizationRoleName,
}

impl From<JoinableOrganizationView> for JoinableOrganizationResponse {
    fn from(organization: JoinableOrganizationView) -> Self {
        Self { id: organization.id.into(), name: organization.name, role: organization.role.into() }
    }
}

/// List the organizations you may join
///
/// Those that have proved the domain of your verified address to be theirs, and let its addresses in. Where you are a
/// member, or were removed by somebody else, is not among them.
#[utoipa::path(tag = "domains", operation_id = "list_joinable_organizations", params(JoinableList),
    responses((status = 200, body = ListBody<JoinableOrganizationResponse>, description = "A page of organizations")))]
#[get("/organizations/joinable")]
pub(crate) async fn list_joinable_organizations(caller: Caller, list: JoinableList) -> Answer {
    let query = ListJoinable { page: list.page.clone() };
    list.answer::<_, JoinableOrganizationResponse>(caller.ask(query).await?)
}

/// Join an organization
///
/// One of those that you may join. To act in it, switch to it.
#[utoipa::path(tag = "domains", operation_id = "join_organization", params(InOrganizationPath),
    responses((status = 200, body = OrganizationResponse, description = "The organization you joined")))]
#[post("/organizations/{organization}/join")]
pub(crate) async fn join_organization(caller: Caller, path: InOrganizationPath) -> Answer {
    let InPath(OrganizationRef(organization)) = path;
    ok_versioned(&OrganizationResponse::from(caller.execute(JoinOrganization { organization }).await?))
}
