//! Organizations over HTTP.

mod domains;
mod dto;
mod identity_providers;
mod invitations;
mod joining;
mod members;
mod ownership;
mod permissions;
mod role_choice;
mod roles;
mod service_accounts;
mod teams;
mod tokens;

use actix_web::{get, patch, post};
use tenon_application::Unsorted;
use tenon_application::organizations::{CreateOrganization, FindOrganization, FindOwnOrganization, ListOrganizations};
use tenon_domain::OrganizationId;
use utoipa_actix_web::service_config::ServiceConfig;

use self::dto::{CreateOrganizationBody, UpdateOrganizationBody};
pub(crate) use self::dto::{OrganizationResponse, OrganizationRoleName};
pub(crate) use self::permissions::HeldRoleResponse;
use super::answer::{Answer, created, ok_unless_held, ok_versioned};
use super::body::Body;
use super::caller::Caller;
use super::conditional::{IfMatch, IfNoneMatch};
use super::list::{List, ListBody, Unfiltered};
use super::path::{InPath, id_ref};

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_organizations)
        .service(create_organization)
        .service(get_organization)
        .service(update_organization)
        .configure(ownership::configure)
        .configure(joining::configure)
        // After all that has a name of its own below `/organizations`.
        .service(get_own_organization)
        .configure(members::configure)
        .configure(roles::configure)
        .configure(permissions::configure)
        .configure(invitations::configure)
        .configure(tokens::configure)
        .configure(service_accounts::configure)
        .configure(teams::configure)
        .configure(domains::configure)
        .configure(identity_providers::configure);
}

type InOrganizationPath = InPath<OrganizationRef>;
type OrganizationList = List<Unfiltered, Unsorted>;

id_ref! {
    /// The organization that a path names.
    pub(crate) struct OrganizationRef(OrganizationId);
    "organization", "The id of the organization."
}

/// List your organizations
///
/// Those you are an active member of, the oldest first, with your role there. `POST /auth/switch-organization` goes
/// to another one.
#[utoipa::path(tag = "organizations", operation_id = "list_organizations", params(OrganizationList),
    responses((status = 200, body = ListBody<OrganizationResponse>, description = "A page of organizations")))]
#[get("/organizations")]
pub(crate) async fn list_organizations(caller: Caller, list: OrganizationList) -> Answer {
    let query = ListOrganizations { page: list.page.clone() };
    list.answer::<_, OrganizationResponse>(caller.ask(query).await?)
}

/// Found an organization
///
/// You become its owner. To act in it, switch to it with `POST /auth/switch-organization`: your token goes on naming the one
/// you are in.
#[utoipa::path(tag = "organizations", operation_id = "create_organization", request_body = CreateOrganizationBody,
    responses((status = 201, body = OrganizationResponse, description = "The new organization")))]
#[post("/organizations")]
pub(crate) async fn create_organization(caller: Caller, body: Body<CreateOrganizationBody>) -> Answer {
    let name = body.into_inner().into_name()?;
    created("/organizations", &OrganizationResponse::from(caller.execute(CreateOrganization { name }).await?))
}

/// Read one of your organizations
///
/// Whichever you are in. To act in it, switch to it with `POST /auth/switch-organization`.
#[utoipa::path(tag = "organizations", operation_id = "get_own_organization", params(InOrganizationPath, IfNoneMatch),
    responses((status = 200, body = OrganizationResponse, description = "The organization")))]
#[get("/organizations/{organization}")]
pub(crate) async fn get_own_organization(caller: Caller, path: InOrganizationPath, held: IfNoneMatch) -> Answer {
    let InPath(OrganizationRef(organization)) = path;
    ok_unless_held(&held, &OrganizationResponse::from(caller.ask(FindOwnOrganization { organization }).await?))
}

/// Read the organization you are in
///
/// With your role in it.
#[utoipa::path(tag = "organizations", operation_id = "get_organization", params(IfNoneMatch),
    responses((status = 200, body = OrganizationResponse, description = "The organization")))]
#[get("/organizations/current")]
pub(crate) async fn get_organization(caller: Caller, held: IfNoneMatch) -> Answer {
    ok_unless_held(&held, &OrganizationResponse::from(caller.ask(FindOrganization).await?))
}

/// Change the organization you are in
///
/// With `require_mfa`, members who have no second factor are refused everywhere in it (403
/// `auth.mfa_enrollment_required`) until they set one up: at once, on every instance. Changing that takes a session,
/// not a personal access token (403 `auth.session_required`).
#[utoipa::path(tag = "organizations", operation_id = "update_organization", params(IfMatch),
    request_body = UpdateOrganizationBody,
    responses((status = 200, body = OrganizationResponse, description = "The organization as it is now")))]
#[patch("/organizations/current")]
pub(crate) async fn update_organization(caller: Caller, seen: IfMatch, body: Body<UpdateOrganizationBody>) -> Answer {
    let expected_version = seen.expected_version(caller.actor().organization().map(Into::into));
    let command = body.into_inner().into_command(expected_version)?;
    ok_versioned(&OrganizationResponse::from(caller.execute(command).await?))
}
