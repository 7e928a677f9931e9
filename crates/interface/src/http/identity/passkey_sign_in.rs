//! Signing in with passkeys over HTTP: with nothing else, or after the password.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use serde::Deserialize;
use tenon_application::identity::Accounts;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::browsers::granted;
use super::dto::TokensResponse;
use super::passkeys::{PasskeyAnswerBody, PasskeyCeremonyResponse};
use crate::http::answer::{Answer, ok};
use crate::http::body::Body;
use crate::http::caller::Visitor;
use crate::http::cookies::AuthMode;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(begin_passkey_sign_in).service(sign_in_with_passkey).service(begin_mfa_passkey);
}

/// What a sign-in goes on with.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MfaTokenBody {
    /// Of the problem `mfa_required`.
    #[schema(example = "tenon_mfa_0199f8a26c1e7d3a9b542f0c8e1d7a66_Zm9yIGV4YW1wbGU")]
    mfa_token: String,
}

/// Begin to sign in with a passkey
///
/// It asks for nothing and tells nothing of any account: the browser knows who has a passkey here. Where the deployment has
/// no domain there are none (422 `auth.passkeys_unavailable`).
#[utoipa::path(tag = "auth", operation_id = "begin_passkey_sign_in", security(()),
    responses((status = 200, body = PasskeyCeremonyResponse, description = "What the authenticator is to be asked")))]
#[post("/auth/passkey/options")]
pub(crate) async fn begin_passkey_sign_in(_: Visitor, accounts: Data<Accounts>) -> Answer {
    ok(&PasskeyCeremonyResponse::from(accounts.begin_passkey_sign_in()?))
}

/// Sign in with a passkey
///
/// Into the organization of the last session. It takes no password and no code: the authenticator has verified its user.
/// Whatever is wrong with it is 401 `auth.invalid_passkey`. After a few wrong ones from an address, each costs a longer
/// pause (429 `auth.too_many_attempts`). Where addresses have to be verified, a passkey is not enough before that (401
/// `auth.unverified_email`).
#[utoipa::path(tag = "auth", operation_id = "sign_in_with_passkey", security(()), params(AuthMode),
    request_body = PasskeyAnswerBody,
    responses((status = 200, body = TokensResponse, description = "Signed in")))]
#[post("/auth/passkey")]
pub(crate) async fn sign_in_with_passkey(
    visitor: Visitor,
    accounts: Data<Accounts>,
    mode: AuthMode,
    body: Body<PasskeyAnswerBody>,
) -> Answer {
    let PasskeyAnswerBody { ceremony, credential } = body.into_inner();
    let signed_in = accounts.sign_in_with_passkey(&visitor.actor, &ceremony, &credential).await?;
    granted(HttpResponse::Ok(), mode, signed_in)
}

/// Begin to go on with a passkey
///
/// With the `mfa_token` of 401 `mfa_required`. What the authenticator answers goes to `POST /auth/mfa/verify`.
#[utoipa::path(tag = "auth", operation_id = "begin_mfa_passkey", security(()), request_body = MfaTokenBody,
    responses((status = 200, body = PasskeyCeremonyResponse, description = "What the authenticator is to be asked")))]
#[post("/auth/mfa/passkey/options")]
pub(crate) async fn begin_mfa_passkey(visitor: Visitor, accounts: Data<Accounts>, body: Body<MfaTokenBody>) -> Answer {
    let started = accounts.begin_mfa_passkey(&visitor.actor, &body.into_inner().mfa_token).await?;
    ok(&PasskeyCeremonyResponse::from(started))
}
