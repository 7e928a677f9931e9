//! How somebody who is signed in proves who they are, over HTTP: with their password, and their second factor if they have
//! one.

use actix_web::post;
use actix_web::web::Data;
use serde::Deserialize;
use tenon_application::AppError;
use tenon_application::identity::{Accounts, MfaAnswer};
use tenon_domain::identity::{IdentityError, Password};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::passkeys::{PasskeyAnswerBody, PasskeyCeremonyResponse};
use crate::http::answer::{Answer, ok};
use crate::http::caller::Caller;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(begin_step_up);
}

/// Your password, once more; and if you have a second factor, a code or a passkey.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "password": "a long enough secret", "code": "287082" }))]
pub(crate) struct ReauthenticationBody {
    #[schema(format = Password)]
    password: String,
    /// Of the authenticator app, or a recovery code.
    code: Option<String>,
    /// Of a ceremony that began with `POST /users/me/mfa/passkey/options`, instead of a code.
    passkey: Option<PasskeyAnswerBody>,
}

impl ReauthenticationBody {
    pub(super) fn into_parts(self) -> Result<(Password, Option<MfaAnswer>), AppError> {
        Ok((Password::attempt(self.password), answer_of(self.code, self.passkey)?))
    }
}

/// A code of your second factor, or a passkey.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "code": "287082" }))]
pub(crate) struct SecondFactorBody {
    /// Of the authenticator app, or a recovery code.
    code: Option<String>,
    /// Of a ceremony that began with `POST /users/me/mfa/passkey/options`, instead of a code.
    passkey: Option<PasskeyAnswerBody>,
}

impl SecondFactorBody {
    pub(super) fn into_answer(self) -> Result<Option<MfaAnswer>, AppError> {
        answer_of(self.code, self.passkey)
    }
}

impl PasskeyAnswerBody {
    fn into_answer(self) -> MfaAnswer {
        MfaAnswer::Passkey { ceremony: self.ceremony, response: self.credential }
    }
}

/// What a second factor is proved with, if anything is sent for that.
pub(crate) fn answer_of(
    code: Option<String>,
    passkey: Option<PasskeyAnswerBody>,
) -> Result<Option<MfaAnswer>, AppError> {
    match (code, passkey) {
        (Some(_), Some(_)) => Err(IdentityError::OneAnswer.into()),
        (code, passkey) => Ok(code.map(MfaAnswer::Code).or(passkey.map(PasskeyAnswerBody::into_answer))),
    }
}

/// Begin to prove your second factor with a passkey
///
/// For what asks who has a second factor to prove it, such as removing a passkey or deleting the account. Pass `options` to
/// your browser, and what it answers as `passkey` to that operation, within five minutes and in the same session. Without
/// a passkey, send a code there (409 `identity.no_passkey`).
#[utoipa::path(tag = "users", operation_id = "begin_step_up",
    responses((status = 200, body = PasskeyCeremonyResponse, description = "What the authenticator is to be asked")))]
#[post("/users/me/mfa/passkey/options")]
pub(crate) async fn begin_step_up(caller: Caller, accounts: Data<Accounts>) -> Answer {
    ok(&PasskeyCeremonyResponse::from(accounts.begin_step_up(caller.actor()).await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(body: serde_json::Value) -> Result<Option<MfaAnswer>, AppError> {
        serde_json::from_value::<SecondFactorBody>(body).unwrap().into_answer()
    }

    #[test]
    fn it_is_a_code_or_a_passkey_or_nothing() {
        let passkey = json!({"ceremony": "a.b", "credential": {}});
        assert!(matches!(parsed(json!({})), Ok(None)));
        assert!(matches!(parsed(json!({"code": null, "passkey": null})), Ok(None)));
        assert!(matches!(parsed(json!({"code": "123456"})), Ok(Some(MfaAnswer::Code(code))) if code == "123456"));
        let answer = parsed(json!({"passkey": passkey}));
        assert!(matches!(answer, Ok(Some(MfaAnswer::Passkey { ceremony, .. })) if ceremony == "a.b"));
        let both = parsed(json!({"code": "123456", "passkey": passkey}));
        assert_eq!(both.unwrap_err(), AppError::from(IdentityError::OneAnswer));
    }
}
