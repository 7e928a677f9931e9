//! Invitations over HTTP. Accepting one signs in, so that is with the accounts.

use actix_web::web::Data;
use actix_web::{delete, get, post};
use serde::{Deserialize, Serialize};
use tenon_application::identity::Accounts;
use tenon_application::organizations::{
    CreateInvitation, FindInvitation, InvitationView, ListInvitations, RevokeInvitation,
};
use tenon_application::{AppError, Unsorted};
use tenon_domain::identity::Email;
use tenon_domain::organizations::InvitationStatus;
use tenon_domain::{InvitationId, Version};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::OrganizationRoleName;
use super::permissions::HeldRoleResponse;
use super::role_choice::needed;
use crate::http::answer::{Answer, created, no_content, ok_unless_held};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::conditional::{IfMatch, IfNoneMatch, Versioned, versioned};
use crate::http::list::{Filter, List, ListBody};
use crate::http::path::{InPath, id_ref};
use crate::http::query::{self, Params};
use crate::http::validation::checks;
use crate::http::wire::{Moment, wire_enum};

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_invitations).service(create_invitation).service(get_invitation).service(revoke_invitation);
}

type InInvitationPath = InPath<InvitationRef>;
type InvitationList = List<InvitationFilter, Unsorted>;

wire_enum! {
    /// What became of an invitation.
    InvitationStatusName, "InvitationStatus", InvitationStatus
}

checks! {
    email: str => Email::parse;
}

id_ref! {
    /// The invitation that a path names.
    pub(crate) struct InvitationRef(InvitationId);
    "invitation", "The id of the invitation."
}

/// Which invitations are asked for.
pub(crate) struct InvitationFilter {
    statuses: Vec<InvitationStatus>,
}

impl Filter for InvitationFilter {
    fn read(params: &mut Params) -> Self {
        Self { statuses: params.many("status", "Only invitations that are that by now.", &query::name_of()) }
    }
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
    "expires_at": "2026-11-28T09:30:00.123Z", "accepted_at": null, "version": 1,
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
    /// Rises when it is accepted or revoked.
    version: i64,
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
            version: invitation.version,
        }
    }
}

// That it has expired, and the name of the custom role.
versioned!(InvitationResponse: id, variant);

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

impl Versioned for NewInvitationResponse {
    fn id(&self) -> Uuid {
        self.invitation.id()
    }

    fn version(&self) -> Version {
        self.invitation.version()
    }

    fn variant(&self) -> Option<String> {
        self.invitation.variant()
    }
}

/// List the invitations
///
/// The newest first: whatever became of them, or those with one of the statuses that `status` names.
#[utoipa::path(tag = "invitations", operation_id = "list_invitations", params(InvitationList),
    responses((status = 200, body = ListBody<InvitationResponse>, description = "A page of invitations")))]
#[get("/invitations")]
pub(crate) async fn list_invitations(caller: Caller, list: InvitationList) -> Answer {
    let query = ListInvitations { statuses: list.filter.statuses.clone(), page: list.page.clone() };
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
    created("/invitations", &NewInvitationResponse { invitation: invitation.into(), token, accept_url })
}

/// Read an invitation
///
/// The token it is accepted with is not in it: that was shown once.
#[utoipa::path(tag = "invitations", operation_id = "get_invitation", params(InInvitationPath, IfNoneMatch),
    responses((status = 200, body = InvitationResponse, description = "The invitation")))]
#[get("/invitations/{invitation}")]
pub(crate) async fn get_invitation(caller: Caller, path: InInvitationPath, held: IfNoneMatch) -> Answer {
    let InPath(InvitationRef(invitation)) = path;
    ok_unless_held(&held, &InvitationResponse::from(caller.ask(FindInvitation { invitation }).await?))
}

/// Revoke an invitation
///
/// One that is pending or expired; 409 `invitation.already_accepted` or `invitation.revoked` otherwise.
#[utoipa::path(tag = "invitations", operation_id = "revoke_invitation", params(InInvitationPath, IfMatch),
    responses((status = 204, description = "Its token is worthless")))]
#[delete("/invitations/{invitation}")]
pub(crate) async fn revoke_invitation(caller: Caller, path: InInvitationPath, seen: IfMatch) -> Answer {
    let InPath(InvitationRef(invitation)) = path;
    let expected_version = seen.expected_version(Some(invitation.uuid()));
    caller.execute(RevokeInvitation { invitation, expected_version }).await?;
    no_content()
}
