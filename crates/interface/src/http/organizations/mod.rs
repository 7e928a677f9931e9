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

use actix_web::http::header;
use actix_web::{HttpResponse, get, patch, post};
use tenon_application::Unsorted;
use tenon_application::organizations::{CreateOrganization, FindOrganization, ListOrganizations};
use utoipa_actix_web::service_config::ServiceConfig;

use self::dto::{CreateOrganizationBody, UpdateOrganizationBody};
pub(crate) use self::dto::{OrganizationResponse, OrganizationRoleName};
pub(crate) use self::permissions::HeldRoleResponse;
use super::BASE_PATH;
use super::answer::{Answer, ok_unless_held, ok_versioned};
use super::body::Body;
use super::caller::Caller;
use super::conditional::{IfMatch, IfNoneMatch, entity_tag};
use super::list::{List, ListBody, Unfiltered};

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_organizations)
        .service(create_organization)
        .service(get_organization)
        .service(update_organization)
        .configure(ownership::configure)
        .configure(joining::configure)
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

type OrganizationList = List<Unfiltered, Unsorted>;

/// List your organizations
#[utoipa::path(tag = "organizations", operation_id = "list_organizations", params(OrganizationList),
    responses((status = 200, body = ListBody<OrganizationResponse>, description = "A page of organizations")))]
#[get("/organizations")]
pub(crate) async fn list_organizations(caller: Caller, list: OrganizationList) -> Answer {
    let query = ListOrganizations { page: list.page.clone() };
    list.answer::<_, OrganizationResponse>(caller.ask(query).await?)
}

/// Found an organization
///
/// You become its owner. To act in it, switch to it.
#[utoipa::path(tag = "organizations", operation_id = "create_organization", request_body = CreateOrganizationBody,
    responses((status = 201, body = OrganizationResponse, description = "The new organization")))]
#[post("/organizations")]
pub(crate) async fn create_organization(caller: Caller, body: Body<CreateOrganizationBody>) -> Answer {
    let name = body.into_inner().into_name()?;
    let organization = OrganizationResponse::from(caller.execute(CreateOrganization { name }).await?);
    // It is reached as the current one, after switching to it.
    let location = format!("{BASE_PATH}/organizations/current");
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, location)).insert_header((header::ETAG, entity_tag(&organization)));
    Ok(answer.json(organization))
}

/// Read the organization you are in
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
