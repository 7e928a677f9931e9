//! Invitations over HTTP. Accepting one signs in, so that is with the accounts.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post};
use serde::{Deserialize, Serialize};
use tenon_application::identity::Accounts;
use tenon_application::organizations::{
    CreateInvitation, FindInvitation, InvitationView, ListInvitations, RevokeInvitation,
};
use tenon_application::{AppError, Unsorted};
use tenon_domain::InvitationId;
use tenon_domain::identity::Email;
use tenon_domain::organizations::InvitationStatus;
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
use crate::http::list::{List, ListBody, Unfiltered};
use crate::http::path::{InPath, id_ref};
use crate::http::validation::checks;
use crate::http::wire::{Moment, wire_enum};

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_invitations).service(create_invitation).service(get_invitation).service(revoke_invitation);
}

type InInvitationPath = InPath<InvitationRef>;
type InvitationList = List<Unfiltered, Unsorted>;

wire_enum!(InvitationStatusName, "InvitationStatus", InvitationStatus);

checks! {
    email: str => Email::parse;
}

id_ref! {
    /// The invitation that a path names.
    pub(crate) struct InvitationRef(InvitationId);
    "invitation", "The id of the invitation."
}

/// Who is to be invited, and as what.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "grace@example.com", "role": "member" }))]
pub(crate) struct CreateInvitationBody {
    #[validate(custom(function = "check::email"))]
    #[schema(format = Email, max_length = 254, pattern = "email")]
    email: String,
    /// One that you could have yourself. Needed unless there is a `custom_role_id`.
    role: Option<OrganizationRoleName>,
    /// A custom role of the organization, instead of a system role.
    custom_role_id: Option<Uuid>,
}

impl CreateInvitationBody {
    fn into_command(self) -> Result<CreateInvitation, AppError> {
        Ok(CreateInvitation { email: Email::parse(&self.email)?, role: needed(self.role, self.custom_role_id)? })
    }
}

/// An invitation into the organization.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation, example = json!({
    "id": "0199f8a2-9f41-706d-ae87-5c3fb140ad99", "email": "grace@example.com", "role": "member", "custom_role": null,
    "status": "pending",
    "invited_by": "0199f8a2-8e30-7f5c-9d76-4b2ea03f9c88", "created_at": "2026-11-21T09:30:00.123Z",
    "expires_at": "2026-11-28T09:30:00.123Z", "accepted_at": null,
}))]
pub(crate) struct InvitationResponse {
    id: Uuid,
    email: String,
    /// The base of the custom role, if it is for one.
    role: OrganizationRoleName,
    /// `null` also when it was deleted since: then the invitation is worthless.
    #[schema(required = true)]
    custom_role: Option<HeldRoleResponse>,
    status: InvitationStatusName,
    invited_by: Uuid,
    created_at: Moment,
    expires_at: Moment,
    #[schema(required = true)]
    accepted_at: Option<Moment>,
}

impl From<InvitationView> for InvitationResponse {
    fn from(invitation: InvitationView) -> Self {
        Self {
            id: invitation.id.into(),
            email: invitation.email,
            role: invitation.role.into(),
            custom_role: invitation.custom_role.map(Into::into),
            status: invitation.status.into(),
            invited_by: invitation.invited_by.into(),
            created_at: invitation.created_at.into(),
            expires_at: invitation.expires_at.into(),
            accepted_at: invitation.accepted_at.map(Into::into),
        }
    }
}

/// A new invitation, with what it is accepted with. That is shown only this once.
#[derive(Serialize, ToSchema)]
#[schema(as = NewInvitation)]
pub(crate) struct NewInvitationResponse {
    #[serde(flatten)]
    invitation: InvitationResponse,
    #[schema(example = "AZn4omweZm9yIGV4YW1wbGU")]
    token: String,
    #[schema(example = "https://tenon.example.com/invitations/accept?token=AZn4omweZm9yIGV4YW1wbGU")]
    accept_url: String,
}

/// List the invitations
///
/// The newest first, whatever became of them.
#[utoipa::path(tag = "invitations", operation_id = "list_invitations", params(InvitationList),
    responses((status = 200, body = ListBody<InvitationResponse>, description = "A page of invitations")))]
#[get("/invitations")]
pub(crate) async fn list_invitations(caller: Caller, list: InvitationList) -> Answer {
    let query = ListInvitations { page: list.page.clone() };
    list.answer::<_, InvitationResponse>(caller.ask(query).await?)
}

/// Invite somebody
///
/// They get an email with the link. It is good once, until `expires_at`.
#[utoipa::path(tag = "invitations", operation_id = "create_invitation", request_body = CreateInvitationBody,
    responses((status = 201, body = NewInvitationResponse, description = "The new invitation")))]
#[post("/invitations")]
pub(crate) async fn create_invitation(
    caller: Caller,
    accounts: Data<Accounts>,
    body: Body<CreateInvitationBody>,
) -> Answer {
    let invitation = caller.execute(body.into_inner().into_command()?).await?;
    let token = accounts.invitation_tokens.issue(invitation.id);
    let accept_url = accounts.invitation_tokens.accept_url(&token);
    let location = format!("{BASE_PATH}/invitations/{}", invitation.id);
    let body = NewInvitationResponse { invitation: invitation.into(), token, accept_url };
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(body))
}

/// Read an invitation
#[utoipa::path(tag = "invitations", operation_id = "get_invitation", params(InInvitationPath),
    responses((status = 200, body = InvitationResponse, description = "The invitation")))]
#[get("/invitations/{invitation}")]
pub(crate) async fn get_invitation(caller: Caller, path: InInvitationPath) -> Answer {
    let InPath(InvitationRef(invitation)) = path;
    ok(&InvitationResponse::from(caller.ask(FindInvitation { invitation }).await?))
}

/// Revoke an invitation
#[utoipa::path(tag = "invitations", operation_id = "revoke_invitation", params(InInvitationPath),
    responses((status = 204, description = "Its token is worthless")))]
#[delete("/invitations/{invitation}")]
pub(crate) async fn revoke_invitation(caller: Caller, path: InInvitationPath) -> Answer {
    let InPath(InvitationRef(invitation)) = path;
    caller.execute(RevokeInvitation { invitation }).await?;
    no_content()
}
