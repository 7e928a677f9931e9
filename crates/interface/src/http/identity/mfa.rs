//! Second factors over HTTP: an authenticator app, recovery codes, and how a sign-in goes on with them or a passkey.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post};
use serde::{Deserialize, Serialize};
use tenon_application::AppError;
use tenon_application::identity::{Accounts, FindSecondFactors, MfaAnswer, SecondFactorsView, TotpEnrollment};
use tenon_domain::identity::{IdentityError, RecoveryCode};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::browsers::granted;
use super::dto::TokensResponse;
use super::passkeys::PasskeyAnswerBody;
use super::proof::{ReauthenticationBody, SecondFactorBody, answer_of};
use crate::http::answer::{Answer, no_content, ok};
use crate::http::body::Body;
use crate::http::caller::{Caller, Visitor};
use crate::http::cookies::AuthMode;
use crate::http::wire::Moment;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_second_factors)
        .service(begin_totp)
        .service(confirm_totp)
        .service(remove_totp)
        .service(replace_recovery_codes)
        .service(verify_mfa);
}

/// A code of your authenticator app.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeBody {
    #[schema(example = "287082")]
    code: String,
}

/// What a sign-in goes on with: a code, or a passkey.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "mfa_token": "tenon_mfa_0199f8a26c1e7d3a9b542f0c8e1d7a66_Zm9yIGV4YW1wbGU", "code": "287082",
}))]
pub(crate) struct VerifyMfaBody {
    /// Of the problem `mfa_required`.
    mfa_token: String,
    /// Of the authenticator app, or a recovery code.
    code: Option<String>,
    /// Of a ceremony that began with `POST /auth/mfa/passkey/options`.
    passkey: Option<PasskeyAnswerBody>,
}

impl VerifyMfaBody {
    fn into_parts(self) -> Result<(String, MfaAnswer), AppError> {
        let answer = answer_of(self.code, self.passkey)?;
        Ok((self.mfa_token, answer.ok_or(IdentityError::CodeNeeded)?))
    }
}

/// What an authenticator app is set up with: three forms of the same. It is shown only this once.
#[derive(Serialize, ToSchema)]
#[schema(as = TotpEnrollment)]
pub(crate) struct TotpEnrollmentResponse {
    /// In base 32, to be typed.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// To be opened on the device that has the app.
    #[schema(example = "otpauth://totp/Tenon:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Tenon")]
    otpauth_url: String,
    /// The same as an image, for the camera of the device that has the app.
    #[schema(example = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 45 45\"></svg>")]
    qr_svg: String,
}

impl From<TotpEnrollment> for TotpEnrollmentResponse {
    fn from(enrollment: TotpEnrollment) -> Self {
        let TotpEnrollment { secret, otpauth_url, qr_svg } = enrollment;
        Self { secret, otpauth_url, qr_svg }
    }
}

/// Codes that stand in for the authenticator app. They are shown only this once.
#[derive(Serialize, ToSchema)]
#[schema(as = RecoveryCodes)]
pub(crate) struct RecoveryCodesResponse {
    /// Each is good once.
    #[schema(example = json!(["7kq2-m9xd-4tbn-hw3f"]))]
    recovery_codes: Vec<String>,
}

impl From<Vec<RecoveryCode>> for RecoveryCodesResponse {
    fn from(codes: Vec<RecoveryCode>) -> Self {
        Self { recovery_codes: codes.iter().map(RecoveryCode::grouped).collect() }
    }
}

/// Your authenticator app.
#[derive(Serialize, ToSchema)]
#[schema(as = Totp)]
pub(crate) struct TotpResponse {
    /// Whether signing in takes a code of it.
    #[schema(example = true)]
    enabled: bool,
    #[schema(required = true)]
    confirmed_at: Option<Moment>,
}

/// What second factor you have.
#[derive(Serialize, ToSchema)]
#[schema(as = SecondFactors)]
pub(crate) struct SecondFactorsResponse {
    totp: TotpResponse,
    /// How many you have.
    #[schema(example = 1)]
    passkeys: u64,
    #[schema(example = 10)]
    recovery_codes_left: usize,
}

impl From<SecondFactorsView> for SecondFactorsResponse {
    fn from(found: SecondFactorsView) -> Self {
        Self {
            totp: TotpResponse { enabled: found.has_app(), confirmed_at: found.confirmed_at.map(Into::into) },
            passkeys: found.passkeys,
            recovery_codes_left: found.recovery_codes_left,
        }
    }
}

/// Read what second factor you have
///
/// Whether an authenticator app and passkeys are set up, and how many recovery codes are left.
#[utoipa::path(tag = "users", operation_id = "get_second_factors",
    responses((status = 200, body = SecondFactorsResponse, description = "Your second factor")))]
#[get("/users/me/mfa")]
pub(crate) async fn get_second_factors(caller: Caller) -> Answer {
    ok(&SecondFactorsResponse::from(caller.ask(FindSecondFactors).await?))
}

/// Set up an authenticator app
///
/// Any that makes codes of RFC 6238. It counts once it is confirmed with a code; asking again before that makes another
/// secret, and the one before is worthless. If you have passkeys, it takes one of them or a recovery code (422
/// `identity.code_needed`).
#[utoipa::path(tag = "users", operation_id = "begin_totp", request_body = ReauthenticationBody,
    responses((status = 200, body = TotpEnrollmentResponse, description = "What to set the app up with")))]
#[post("/users/me/mfa/totp")]
pub(crate) async fn begin_totp(caller: Caller, accounts: Data<Accounts>, body: Body<ReauthenticationBody>) -> Answer {
    let (password, answer) = body.into_inner().into_parts()?;
    ok(&TotpEnrollmentResponse::from(accounts.begin_totp(caller.actor(), password, answer).await?))
}

/// Confirm an authenticator app
///
/// With a code of it. From now on, signing in takes one. Your other sessions end. You are told by mail.
#[utoipa::path(tag = "users", operation_id = "confirm_totp", request_body = CodeBody,
    responses((status = 200, body = RecoveryCodesResponse, description = "The second factor is in force")))]
#[post("/users/me/mfa/totp/confirm")]
pub(crate) async fn confirm_totp(caller: Caller, accounts: Data<Accounts>, body: Body<CodeBody>) -> Answer {
    let codes = accounts.confirm_totp(caller.actor(), &body.into_inner().code).await?;
    ok(&RecoveryCodesResponse::from(codes))
}

/// Remove your authenticator app
///
/// With a code of it, a recovery code or a passkey. The recovery codes go with it, unless you have passkeys. You are told by
/// mail.
#[utoipa::path(tag = "users", operation_id = "remove_totp", request_body = SecondFactorBody,
    responses((status = 204, description = "Signing in takes no code of it any more")))]
#[delete("/users/me/mfa/totp")]
pub(crate) async fn remove_totp(caller: Caller, accounts: Data<Accounts>, body: Body<SecondFactorBody>) -> Answer {
    accounts.remove_totp(caller.actor(), body.into_inner().into_answer()?).await?;
    no_content()
}

/// Replace your recovery codes
///
/// With a code of the authenticator app, one of the recovery codes or a passkey. The ones before become worthless. You are
/// told by mail.
#[utoipa::path(tag = "users", operation_id = "replace_recovery_codes", request_body = SecondFactorBody,
    responses((status = 200, body = RecoveryCodesResponse, description = "The new recovery codes")))]
#[post("/users/me/mfa/recovery-codes")]
pub(crate) async fn replace_recovery_codes(
    caller: Caller,
    accounts: Data<Accounts>,
    body: Body<SecondFactorBody>,
) -> Answer {
    let codes = accounts.replace_recovery_codes(caller.actor(), body.into_inner().into_answer()?).await?;
    ok(&RecoveryCodesResponse::from(codes))
}

/// Sign in with a second factor
///
/// Goes on with what answered 401 `mfa_required`: signing in, or accepting an invitation. The token is good for five
/// minutes and five wrong codes (401 `auth.invalid_code`); after that, sign in again (401 `auth.invalid_mfa_token`). No
/// code is good twice. After ten wrong ones in a row, each costs a longer pause (429 `auth.too_many_attempts`). Instead of
/// `code`, send `passkey` where `methods` of the problem has it; a wrong one (401 `auth.invalid_passkey`) counts like a
/// wrong code.
#[utoipa::path(tag = "auth", operation_id = "verify_mfa", security(()), params(AuthMode), request_body = VerifyMfaBody,
    responses((status = 200, body = TokensResponse, description = "Signed in")))]
#[post("/auth/mfa/verify")]
pub(crate) async fn verify_mfa(
    visitor: Visitor,
    accounts: Data<Accounts>,
    mode: AuthMode,
    body: Body<VerifyMfaBody>,
) -> Answer {
    let (mfa_token, answer) = body.into_inner().into_parts()?;
    let signed_in = accounts.verify_mfa(&visitor.actor, &mfa_token, answer).await?;
    granted(HttpResponse::Ok(), mode, signed_in)
}
