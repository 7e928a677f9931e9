//! Handing an organization on over HTTP.

use actix_web::post;
use actix_web::web::Data;
use serde::Deserialize;
use tenon_application::identity::Accounts;
use tenon_domain::identity::Password;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::OrganizationResponse;
use crate::http::answer::{Answer, ok_versioned};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::conditional::IfMatch;
use crate::http::identity::{PasskeyAnswerBody, answer_of};

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(transfer_organization);
}

/// Whom the organization passes to; with your password, and if you have a second factor, a code or a passkey.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "user_id": "0199f8a2-8e30-7f5c-9d76-4b2ea03f9c88", "password": "a long enough secret", "code": "287082",
}))]
pub(crate) struct TransferOrganizationBody {
    /// An active member who is a person and no guest.
    user_id: Uuid,
    #[schema(format = Password)]
    password: String,
    /// Of the authenticator app, or a recovery code.
    code: Option<String>,
    /// Of a ceremony that began with `POST /users/me/mfa/passkey/options`, instead of a code.
    passkey: Option<PasskeyAnswerBody>,
    /// Whether you stay an owner, too; `false` if it is absent. Otherwise you become an administrator.
    #[serde(default)]
    keep_role: bool,
}

/// Transfer the organization you are in
///
/// Another member becomes its owner in your stead, and is told so. Only owners can, and only with a session: not with a
/// personal access token (403 `auth.session_required`). Who has a second factor proves it (422 `identity.code_needed`).
#[utoipa::path(tag = "organizations", operation_id = "transfer_organization", params(IfMatch),
    request_body = TransferOrganizationBody,
    responses((status = 200, body = OrganizationResponse, description = "The organization, with your role now")))]
#[post("/organizations/current/transfer")]
pub(crate) async fn transfer_organization(
    caller: Caller,
    accounts: Data<Accounts>,
    seen: IfMatch,
    body: Body<TransferOrganizationBody>,
) -> Answer {
    let TransferOrganizationBody { user_id, password, code, passkey, keep_role } = body.into_inner();
    let (password, answer) = (Password::attempt(password), answer_of(code, passkey)?);
    let (actor, to) = (caller.actor(), user_id.into());
    let expected_version = seen.expected_version(actor.organization().map(Into::into));
    let transferred = accounts.transfer_ownership(actor, to, password, answer, keep_role, expected_version);
    ok_versioned(&OrganizationResponse::from(transferred.await?))
}
