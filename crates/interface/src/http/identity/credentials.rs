//! Verifying and changing addresses, resetting and changing passwords.

use actix_web::post;
use actix_web::web::Data;
use serde::Deserialize;
use tenon_application::identity::{Accounts, RequestPasswordReset, ResendVerification};
use tenon_application::{AppError, Origin};
use tenon_domain::identity::{Email, Password};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use crate::http::answer::{Answer, accepted, no_content};
use crate::http::body::Body;
use crate::http::caller::{Caller, Visitor};
use crate::http::problem::Problem;
use crate::http::rate_limit::{ActiveLimits, check_account};
use crate::http::services::HttpServices;
use crate::http::validation::checks;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(verify_email)
        .service(resend_verification)
        .service(forgot_password)
        .service(reset_password)
        .service(change_password)
        .service(change_email)
        .service(confirm_email);
}

checks! {
    email: str => Email::parse;
    address: str => Email::read;
}

/// The token of a mailed link.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailedTokenBody {
    #[schema(example = "AZn4omweZm9yIGV4YW1wbGU")]
    pub(super) token: String,
}

/// Where a link is to be mailed, if there is an account that it would be for.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddressBody {
    #[validate(custom(function = "check::address"))]
    #[schema(format = Email, max_length = 254, pattern = "email", example = "ada@example.com")]
    email: String,
}

/// The token of a mailed link, and the new password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "AZn4omweZm9yIGV4YW1wbGU", "password": "a long enough secret" }))]
pub(crate) struct ResetPasswordBody {
    token: String,
    /// Not easy to guess, and without your name or address in it.
    #[schema(format = Password, min_length = 10, max_length = 128)]
    password: String,
}

/// The present password, and the one to come.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "current_password": "a long enough secret", "new_password": "another secret for a while" }))]
pub(crate) struct ChangePasswordBody {
    #[schema(format = Password)]
    current_password: String,
    /// Not easy to guess, and without your name or address in it.
    #[schema(format = Password, min_length = 10, max_length = 128)]
    new_password: String,
}

/// The present password, and the address to come.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "current_password": "a long enough secret", "new_email": "countess@example.com" }))]
pub(crate) struct ChangeEmailBody {
    #[schema(format = Password)]
    current_password: String,
    #[validate(custom(function = "check::email"))]
    #[schema(format = Email, max_length = 254, pattern = "email")]
    new_email: String,
}

/// Verify your address
///
/// With the token that was mailed to it. Where the deployment requires it, nobody signs in before (401
/// `auth.unverified_email`), but for the session that registering begins.
#[utoipa::path(tag = "auth", operation_id = "verify_email", security(()), request_body = MailedTokenBody,
    responses((status = 204, description = "The address is verified")))]
#[post("/auth/verify-email")]
pub(crate) async fn verify_email(visitor: Visitor, accounts: Data<Accounts>, body: Body<MailedTokenBody>) -> Answer {
    accounts.verify_email(&visitor.actor, &body.into_inner().token).await?;
    no_content()
}

/// Mail the link to verify an address again
///
/// The answer is the same whether there is such an account and whether it needs to be verified. Earlier links stay good
/// until one of them is used.
#[utoipa::path(tag = "auth", operation_id = "resend_verification", security(()), request_body = AddressBody,
    responses((status = 202, description = "A mail is on its way, if somebody needs it")))]
#[post("/auth/verify-email/resend")]
pub(crate) async fn resend_verification(
    visitor: Visitor,
    accounts: Data<Accounts>,
    services: Data<HttpServices>,
    limits: Data<ActiveLimits>,
    body: Body<AddressBody>,
) -> Answer {
    let email = address(*limits.get_ref(), &services, &visitor.actor.origin, &body.into_inner().email).await?;
    accounts.app.execute(&visitor.actor, ResendVerification { email }).await?;
    accepted()
}

/// Ask for a new password
///
/// Mails a link that is good for 30 minutes, and until it or another one is used. The answer is the same, after the
/// same work, whether there is such an account.
#[utoipa::path(tag = "auth", operation_id = "forgot_password", security(()), request_body = AddressBody,
    responses((status = 202, description = "A mail is on its way, if there is such an account")))]
#[post("/auth/forgot-password")]
pub(crate) async fn forgot_password(
    visitor: Visitor,
    accounts: Data<Accounts>,
    services: Data<HttpServices>,
    limits: Data<ActiveLimits>,
    body: Body<AddressBody>,
) -> Answer {
    let email = address(*limits.get_ref(), &services, &visitor.actor.origin, &body.into_inner().email).await?;
    accounts.app.execute(&visitor.actor, RequestPasswordReset { email }).await?;
    accepted()
}

/// Set a new password
///
/// With the token of the mailed link. It ends all sessions of the account at once, on every instance, and verifies the
/// address. If that was not verified before, passkeys, the authenticator app and linked identities are removed: who added
/// them need not be who reads the address.
#[utoipa::path(tag = "auth", operation_id = "reset_password", security(()), request_body = ResetPasswordBody,
    responses((status = 204, description = "The password is in force")))]
#[post("/auth/reset-password")]
pub(crate) async fn reset_password(
    visitor: Visitor,
    accounts: Data<Accounts>,
    body: Body<ResetPasswordBody>,
) -> Answer {
    let ResetPasswordBody { token, password } = body.into_inner();
    accounts.reset_password(&visitor.actor, &token, Password::attempt(password)).await?;
    no_content()
}

/// Change your password
///
/// It ends all your other sessions. You are told by mail.
#[utoipa::path(tag = "users", operation_id = "change_password", request_body = ChangePasswordBody,
    responses((status = 204, description = "The new password is in force")))]
#[post("/users/me/password")]
pub(crate) async fn change_password(
    caller: Caller,
    accounts: Data<Accounts>,
    body: Body<ChangePasswordBody>,
) -> Answer {
    let ChangePasswordBody { current_password, new_password } = body.into_inner();
    let (current, new) = (Password::attempt(current_password), Password::attempt(new_password));
    let renamed = |error: AppError| Problem::from(error).renaming("password", "new_password");
    accounts.change_password(caller.actor(), current, new).await.map_err(renamed)?;
    no_content()
}

/// Change your address
///
/// Mails a link to the new address, which is in force once that is opened. Asking again makes earlier links worthless.
/// Whether somebody has the address already is told to nobody but who reads it.
#[utoipa::path(tag = "users", operation_id = "change_email", request_body = ChangeEmailBody,
    responses((status = 202, description = "A mail is on its way to the new address")))]
#[post("/users/me/email")]
pub(crate) async fn change_email(
    caller: Caller,
    accounts: Data<Accounts>,
    services: Data<HttpServices>,
    limits: Data<ActiveLimits>,
    body: Body<ChangeEmailBody>,
) -> Answer {
    let ChangeEmailBody { current_password, new_email } = body.into_inner();
    let email = address(*limits.get_ref(), &services, &caller.actor().origin, &new_email).await?;
    accounts.change_email(caller.actor(), Password::attempt(current_password), email).await?;
    accepted()
}

/// Confirm your new address
///
/// With the token that was mailed to it. The old address is told. Who has made an account with the address meanwhile keeps
/// it: 409 `identity.email_taken`.
#[utoipa::path(tag = "auth", operation_id = "confirm_email", security(()), request_body = MailedTokenBody,
    responses((status = 204, description = "The new address is in force")))]
#[post("/auth/confirm-email")]
pub(crate) async fn confirm_email(visitor: Visitor, accounts: Data<Accounts>, body: Body<MailedTokenBody>) -> Answer {
    // The address is that of the token.
    let renamed = |error: AppError| Problem::from(error).renaming("email", "token");
    accounts.confirm_email(&visitor.actor, &body.into_inner().token).await.map_err(renamed)?;
    no_content()
}

/// The address that something is to be mailed to, unless it was asked for too often.
async fn address(
    limits: ActiveLimits,
    services: &HttpServices,
    asking: &Origin,
    email: &str,
) -> Result<Email, Problem> {
    let email = Email::read(email).map_err(AppError::from)?;
    check_account(limits, services, asking, email.as_str()).await?;
    Ok(email)
}
