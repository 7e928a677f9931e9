//! Passkeys over HTTP: one's own.

mod dto;

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use tenon_application::identity::{Accounts, FindPasskey, ListPasskeys};
use tenon_application::{AppError, Unsorted};
use tenon_domain::identity::PasskeyName;
use utoipa_actix_web::service_config::ServiceConfig;

use self::dto::{CreatePasskeyBody, NewPasskeyResponse, PasskeyRef, UpdatePasskeyBody};
pub(crate) use self::dto::{PasskeyAnswerBody, PasskeyCeremonyResponse, PasskeyResponse};
use super::proof::ReauthenticationBody;
use crate::http::answer::{Answer, created, no_content, ok, ok_unless_held, ok_versioned};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::conditional::{IfMatch, IfNoneMatch};
use crate::http::list::{List, ListBody, Unfiltered};
use crate::http::path::InPath;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(begin_passkey)
        .service(list_passkeys)
        .service(create_passkey)
        .service(get_passkey)
        .service(update_passkey)
        .service(delete_passkey);
}

type InPasskeyPath = InPath<PasskeyRef>;
type PasskeyList = List<Unfiltered, Unsorted>;

/// Begin to add a passkey
///
/// With your password, and if you have a second factor, a code or a passkey that you have (422 `identity.code_needed`). Pass
/// `options` to your browser, and what it answers to `POST /users/me/passkeys`, within five minutes and in the same session.
/// You can have 20. Where the deployment has no domain there are none (422 `auth.passkeys_unavailable`). Where addresses
/// have to be verified, yours has to be (401 `auth.unverified_email`).
#[utoipa::path(tag = "users", operation_id = "begin_passkey", request_body = ReauthenticationBody,
    responses((status = 200, body = PasskeyCeremonyResponse, description = "What the authenticator is to be asked")))]
#[post("/users/me/passkeys/options")]
pub(crate) async fn begin_passkey(
    caller: Caller,
    accounts: Data<Accounts>,
    body: Body<ReauthenticationBody>,
) -> Answer {
    let (password, answer) = body.into_inner().into_parts()?;
    ok(&PasskeyCeremonyResponse::from(accounts.begin_passkey(caller.actor(), password, answer).await?))
}

/// Add a passkey
///
/// It signs you in without your password, and from now on your password alone does not. If it is your first second
/// factor, your other sessions end. You are told by mail. Where addresses have to be verified, yours has to be (401
/// `auth.unverified_email`).
#[utoipa::path(tag = "users", operation_id = "create_passkey", request_body = CreatePasskeyBody,
    responses((status = 201, body = NewPasskeyResponse, description = "The new passkey")))]
#[post("/users/me/passkeys")]
pub(crate) async fn create_passkey(caller: Caller, accounts: Data<Accounts>, body: Body<CreatePasskeyBody>) -> Answer {
    let CreatePasskeyBody { ceremony, name, credential } = body.into_inner();
    let name = PasskeyName::parse(&name).map_err(AppError::from)?;
    let (passkey, codes) = accounts.add_passkey(caller.actor(), &ceremony, name, &credential).await?;
    created("/users/me/passkeys", &NewPasskeyResponse::new(passkey, codes))
}

/// List your passkeys
///
/// The newest first.
#[utoipa::path(tag = "users", operation_id = "list_passkeys", params(PasskeyList),
    responses((status = 200, body = ListBody<PasskeyResponse>, description = "A page of passkeys")))]
#[get("/users/me/passkeys")]
pub(crate) async fn list_passkeys(caller: Caller, list: PasskeyList) -> Answer {
    let query = ListPasskeys { page: list.page.clone() };
    list.answer::<_, PasskeyResponse>(caller.ask(query).await?)
}

/// Read one of your passkeys
///
/// Without its public key.
#[utoipa::path(tag = "users", operation_id = "get_passkey", params(InPasskeyPath, IfNoneMatch),
    responses((status = 200, body = PasskeyResponse, description = "The passkey")))]
#[get("/users/me/passkeys/{passkey}")]
pub(crate) async fn get_passkey(caller: Caller, path: InPasskeyPath, held: IfNoneMatch) -> Answer {
    let InPath(PasskeyRef(passkey)) = path;
    ok_unless_held(&held, &PasskeyResponse::from(caller.ask(FindPasskey { passkey }).await?))
}

/// Rename one of your passkeys
///
/// The name is for you, to know it by.
#[utoipa::path(tag = "users", operation_id = "update_passkey", params(InPasskeyPath, IfMatch),
    request_body = UpdatePasskeyBody,
    responses((status = 200, body = PasskeyResponse, description = "The passkey as it is now")))]
#[patch("/users/me/passkeys/{passkey}")]
pub(crate) async fn update_passkey(
    caller: Caller,
    path: InPasskeyPath,
    seen: IfMatch,
    body: Body<UpdatePasskeyBody>,
) -> Answer {
    let InPath(PasskeyRef(passkey)) = path;
    let expected_version = seen.expected_version(Some(passkey.into()));
    let command = body.into_inner().into_command(passkey, expected_version)?;
    ok_versioned(&PasskeyResponse::from(caller.execute(command).await?))
}

/// Remove one of your passkeys
///
/// With your password, and a code or a passkey, which may be this one (422 `identity.code_needed`). It signs nobody in any
/// more. With your last second factor, your recovery codes go. You are told by mail.
#[utoipa::path(tag = "users", operation_id = "delete_passkey", params(InPasskeyPath, IfMatch),
    request_body = ReauthenticationBody, responses((status = 204, description = "It is gone")))]
#[delete("/users/me/passkeys/{passkey}")]
pub(crate) async fn delete_passkey(
    caller: Caller,
    accounts: Data<Accounts>,
    path: InPasskeyPath,
    seen: IfMatch,
    body: Body<ReauthenticationBody>,
) -> Answer {
    let InPath(PasskeyRef(passkey)) = path;
    let expected_version = seen.expected_version(Some(passkey.into()));
    let (password, answer) = body.into_inner().into_parts()?;
    accounts.remove_passkey(caller.actor(), passkey, password, answer, expected_version).await?;
    no_content()
}
