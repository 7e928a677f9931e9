//! Service accounts over HTTP.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post};
use serde::{Deserialize, Serialize};
use tenon_application::identity::Accounts;
use tenon_application::organizations::{
    CreateServiceAccount, DeleteServiceAccount, FindServiceAccount, ListServiceAccounts, ServiceAccountView,
};
use tenon_application::{AppError, Unsorted};
use tenon_domain::UserId;
use tenon_domain::identity::DisplayName;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::OrganizationRoleName;
use super::permissions::HeldRoleResponse;
use super::role_choice::needed;
use crate::http::BASE_PATH;
use crate::http::answer::{Answer, no_content, ok};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::identity::{CreateTokenBody, NewTokenResponse, issued};
use crate::http::list::{List, ListBody, Unfiltered};
use crate::http::path::{InPath, id_ref};
use crate::http::validation::checks;
use crate::http::wire::Moment;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_service_accounts)
        .service(create_service_account)
        .service(get_service_account)
        .service(delete_service_account)
        .service(create_service_account_token);
}

type InServiceAccountPath = InPath<ServiceAccountRef>;
type ServiceAccountList = List<Unfiltered, Unsorted>;

checks! {
    name: str => DisplayName::parse;
}

id_ref! {
    /// The service account that a path names.
    pub(crate) struct ServiceAccountRef(UserId);
    "service_account", "The id of the service account."
}

/// What a new service account is made of.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Importer", "role": "member" }))]
pub(crate) struct CreateServiceAccountBody {
    #[validate(custom(function = "check::name"))]
    #[schema(min_length = 1, max_length = 100, pattern = "line")]
    name: String,
    /// Not `owner`. Only owners make one an `admin`. Needed unless there is a `custom_role_id`.
    role: Option<OrganizationRoleName>,
    /// A custom role of the organization, instead of a system role. Only owners give one that permits more than `member`.
    custom_role_id: Option<Uuid>,
}

impl CreateServiceAccountBody {
    fn into_command(self) -> Result<CreateServiceAccount, AppError> {
        Ok(CreateServiceAccount {
            name: DisplayName::parse(&self.name)?,
            role: needed(self.role, self.custom_role_id)?,
        })
    }
}

/// A user that is a program.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceAccount, example = json!({
    "id": "0199f8a4-5d94-7ea2-8fdc-a184069572ee", "name": "Importer", "role": "member",
    "custom_role": null, "created_at": "2026-11-21T09:30:00.123Z",
}))]
pub(crate) struct ServiceAccountResponse {
    /// The id of its user, by which it is a member, too.
    id: Uuid,
    name: String,
    /// The base of the custom role, if it has one.
    role: OrganizationRoleName,
    #[schema(required = true)]
    custom_role: Option<HeldRoleResponse>,
    created_at: Moment,
}

impl From<ServiceAccountView> for ServiceAccountResponse {
    fn from(account: ServiceAccountView) -> Self {
        Self {
            id: account.id.into(),
            name: account.name,
            role: account.role.into(),
            custom_role: account.custom_role.map(Into::into),
            created_at: account.created_at.into(),
        }
    }
}

/// List the service accounts
///
/// The newest first.
#[utoipa::path(tag = "service-accounts", operation_id = "list_service_accounts", params(ServiceAccountList),
    responses((status = 200, body = ListBody<ServiceAccountResponse>, description = "A page of service accounts")))]
#[get("/service-accounts")]
pub(crate) async fn list_service_accounts(caller: Caller, list: ServiceAccountList) -> Answer {
    let query = ListServiceAccounts { page: list.page.clone() };
    list.answer::<_, ServiceAccountResponse>(caller.ask(query).await?)
}

/// Create a service account
///
/// A member of this organization only, which signs in with tokens only. It can be added to projects and assigned tasks
/// like any other member.
#[utoipa::path(tag = "service-accounts", operation_id = "create_service_account",
    request_body = CreateServiceAccountBody,
    responses((status = 201, body = ServiceAccountResponse, description = "The new service account")))]
#[post("/service-accounts")]
pub(crate) async fn create_service_account(caller: Caller, body: Body<CreateServiceAccountBody>) -> Answer {
    let account = caller.execute(body.into_inner().into_command()?).await?;
    let location = format!("{BASE_PATH}/service-accounts/{}", account.id);
    let body = ServiceAccountResponse::from(account);
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(body))
}

/// Read a service account
#[utoipa::path(tag = "service-accounts", operation_id = "get_service_account", params(InServiceAccountPath),
    responses((status = 200, body = ServiceAccountResponse, description = "The service account")))]
#[get("/service-accounts/{service_account}")]
pub(crate) async fn get_service_account(caller: Caller, path: InServiceAccountPath) -> Answer {
    let InPath(ServiceAccountRef(account)) = path;
    ok(&ServiceAccountResponse::from(caller.ask(FindServiceAccount { account }).await?))
}

/// Delete a service account
///
/// Its tokens are worthless at once. What it did stays, under its name.
#[utoipa::path(tag = "service-accounts", operation_id = "delete_service_account", params(InServiceAccountPath),
    responses((status = 204, description = "It is no member any more")))]
#[delete("/service-accounts/{service_account}")]
pub(crate) async fn delete_service_account(caller: Caller, path: InServiceAccountPath) -> Answer {
    let InPath(ServiceAccountRef(account)) = path;
    caller.execute(DeleteServiceAccount { account }).await?;
    no_content()
}

/// Create a token for a service account
///
/// It is listed and revoked with the other tokens of the organization. Whoever has it acts with the roles of the
/// account, private projects that it was added to included. That goes for you, who make it, even where you are no
/// member of these projects.
#[utoipa::path(tag = "service-accounts", operation_id = "create_service_account_token",
    params(InServiceAccountPath), request_body = CreateTokenBody,
    responses((status = 201, body = NewTokenResponse, description = "The new token")))]
#[post("/service-accounts/{service_account}/tokens")]
pub(crate) async fn create_service_account_token(
    caller: Caller,
    accounts: Data<Accounts>,
    path: InServiceAccountPath,
    body: Body<CreateTokenBody>,
) -> Answer {
    let InPath(ServiceAccountRef(account)) = path;
    let input = body.into_inner().into_input()?;
    let token = accounts.create_service_token(caller.actor(), account, input).await?;
    issued(token, "/organizations/current/tokens")
}
