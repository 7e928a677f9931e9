//! Service accounts over HTTP.

mod dto;

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use tenon_application::Unsorted;
use tenon_application::identity::{Accounts, ListServiceTokens};
use tenon_application::organizations::{DeleteServiceAccount, FindServiceAccount, ListServiceAccounts};
use tenon_domain::UserId;
use utoipa_actix_web::service_config::ServiceConfig;

use self::dto::{CreateServiceAccountBody, ServiceAccountResponse, UpdateServiceAccountBody};
use crate::http::answer::{Answer, created, no_content, ok_unless_held, ok_versioned};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::conditional::{IfMatch, IfNoneMatch};
use crate::http::identity::{CreateTokenBody, NewTokenResponse, TokenResponse, issued};
use crate::http::list::{List, ListBody, Unfiltered};
use crate::http::path::{InPath, id_ref};

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_service_accounts)
        .service(create_service_account)
        .service(get_service_account)
        .service(update_service_account)
        .service(delete_service_account)
        .service(list_service_account_tokens)
        .service(create_service_account_token);
}

type InServiceAccountPath = InPath<ServiceAccountRef>;
type ServiceAccountList = List<Unfiltered, Unsorted>;
type ServiceAccountTokenList = List<Unfiltered, Unsorted>;

id_ref! {
    /// The service account that a path names.
    pub(crate) struct ServiceAccountRef(UserId);
    "service_account", "The id of the service account."
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
    created("/service-accounts", &ServiceAccountResponse::from(account))
}

/// Read a service account
///
/// Its tokens are listed by `GET /service-accounts/{service_account}/tokens`.
#[utoipa::path(tag = "service-accounts", operation_id = "get_service_account",
    params(InServiceAccountPath, IfNoneMatch),
    responses((status = 200, body = ServiceAccountResponse, description = "The service account")))]
#[get("/service-accounts/{service_account}")]
pub(crate) async fn get_service_account(caller: Caller, path: InServiceAccountPath, held: IfNoneMatch) -> Answer {
    let InPath(ServiceAccountRef(account)) = path;
    ok_unless_held(&held, &ServiceAccountResponse::from(caller.ask(FindServiceAccount { account }).await?))
}

/// Change a service account
///
/// Its name, under which it shows everywhere, and its role: as that of any member, but for what `PATCH
/// /members/{user_id}` refuses programs, too. It does not rename itself (403 `service_account.managed_by_others`).
#[utoipa::path(tag = "service-accounts", operation_id = "update_service_account",
    params(InServiceAccountPath, IfMatch), request_body = UpdateServiceAccountBody,
    responses((status = 200, body = ServiceAccountResponse, description = "The service account as it is now")))]
#[patch("/service-accounts/{service_account}")]
pub(crate) async fn update_service_account(
    caller: Caller,
    path: InServiceAccountPath,
    seen: IfMatch,
    body: Body<UpdateServiceAccountBody>,
) -> Answer {
    let InPath(ServiceAccountRef(account)) = path;
    let command = body.into_inner().into_command(account, seen.expected_version(Some(account.uuid())))?;
    ok_versioned(&ServiceAccountResponse::from(caller.execute(command).await?))
}

/// Delete a service account
///
/// Its tokens are worthless at once. What it did stays, under its name.
#[utoipa::path(tag = "service-accounts", operation_id = "delete_service_account",
    params(InServiceAccountPath, IfMatch),
    responses((status = 204, description = "It is no member any more")))]
#[delete("/service-accounts/{service_account}")]
pub(crate) async fn delete_service_account(caller: Caller, path: InServiceAccountPath, seen: IfMatch) -> Answer {
    let InPath(ServiceAccountRef(account)) = path;
    let expected_version = seen.expected_version(Some(account.uuid()));
    caller.execute(DeleteServiceAccount { account, expected_version }).await?;
    no_content()
}

/// List the tokens of a service account
///
/// The newest first: those of `GET /organizations/current/tokens` that are its own.
#[utoipa::path(tag = "service-accounts", operation_id = "list_service_account_tokens",
    params(InServiceAccountPath, ServiceAccountTokenList),
    responses((status = 200, body = ListBody<TokenResponse>, description = "A page of tokens")))]
#[get("/service-accounts/{service_account}/tokens")]
pub(crate) async fn list_service_account_tokens(
    caller: Caller,
    path: InServiceAccountPath,
    list: ServiceAccountTokenList,
) -> Answer {
    let InPath(ServiceAccountRef(account)) = path;
    let query = ListServiceTokens { account, page: list.page.clone() };
    list.answer::<_, TokenResponse>(caller.ask(query).await?)
}

/// Create a token for a service account
///
/// It is listed and revoked with the other tokens of the organization. Whoever has it acts with the roles of the
/// account, private projects that it was added to included. That goes for you, who make it, even where you are no
/// member of these projects. One that is suspended gets none (409 `service_account.suspended`).
/// Where addresses have to be verified, yours has to be (401 `auth.unverified_email`).
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
