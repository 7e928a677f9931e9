//! The members of an organization over HTTP.

use actix_web::{delete, get, patch, post};
use serde::{Deserialize, Serialize};
use tenon_application::organizations::{
    ChangeMemberRole, FindMember, ListMembers, MemberFilter, MemberView, RemoveMember, SuspendMember, UnsuspendMember,
};
use tenon_application::{AppError, Unsorted};
use tenon_domain::identity::UserKind;
use tenon_domain::organizations::MemberStatus;
use tenon_domain::{UserId, Version};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::OrganizationRoleName;
use super::permissions::HeldRoleResponse;
use super::role_choice::change;
use crate::http::answer::{Answer, no_content, ok_unless_held, ok_versioned};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::conditional::{IfMatch, IfNoneMatch, versioned};
use crate::http::list::{Filter, List, ListBody};
use crate::http::merge_patch::{Patch, not_null};
use crate::http::path::{InPath, MemberRef};
use crate::http::query::{self, Params};
use crate::http::wire::{Moment, wire_enum};

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_members)
        .service(get_member)
        .service(update_member)
        .service(remove_member)
        .service(suspend_member)
        .service(unsuspend_member);
}

type InMemberPath = InPath<MemberRef>;
type MemberList = List<MemberFilter, Unsorted>;

wire_enum! {
    /// Whether a member has access. Who is `suspended` by the organization, or `deactivated` by the operator, keeps everything
    /// but that.
    MemberStatusName, "MemberStatus", MemberStatus
}

wire_enum! {
    /// What a member is: a `person`, or a program (`service`), which is a service account.
    MemberKindName, "MemberKind", UserKind
}

impl Filter for MemberFilter {
    fn read(params: &mut Params) -> Self {
        let bases = "Only members with these roles, or with custom roles that are based on them.";
        Self {
            roles: params.many("role", bases, &query::name_of()),
            custom_roles: params.many("custom_role_id", "Only members with these custom roles.", &query::id()),
            statuses: params.many("state", "Only members who are that.", &query::name_of()),
            kinds: params.many("kind", "Only people, or only service accounts.", &query::name_of()),
        }
    }
}

/// What is to change in a membership.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({ "role": "admin" }))]
pub(crate) struct UpdateMemberBody {
    /// One that you could have yourself, instead of a custom role.
    #[serde(deserialize_with = "not_null")]
    #[schema(value_type = OrganizationRoleName, required = false)]
    role: Option<OrganizationRoleName>,
    /// A custom role of the organization, instead of a system role: `null` beside a `role` is the same as nothing.
    #[schema(value_type = Option<Uuid>, required = false)]
    custom_role_id: Patch<Uuid>,
}

impl UpdateMemberBody {
    fn into_command(self, user: UserId, expected_version: Option<Version>) -> Result<ChangeMemberRole, AppError> {
        Ok(ChangeMemberRole { user, role: change(self.role, self.custom_role_id)?, expected_version })
    }
}

/// A member of the organization.
#[derive(Serialize, ToSchema)]
#[schema(as = Member, example = json!({
    "user_id": "0199f8a2-8e30-7f5c-9d76-4b2ea03f9c88", "kind": "person", "email": "ada@example.com",
    "display_name": "Ada Lovelace", "role": "owner", "custom_role": null, "state": "active", "suspended_at": null, "version": 1,
    "joined_at": "2026-11-21T09:30:00.123Z",
}))]
pub(crate) struct MemberResponse {
    user_id: Uuid,
    /// A person, or a service account.
    kind: MemberKindName,
    email: String,
    display_name: String,
    /// The base of the custom role, if they have one.
    role: OrganizationRoleName,
    #[schema(required = true)]
    custom_role: Option<HeldRoleResponse>,
    /// Who is suspended has no access. Nor has who is deactivated, suspended or not: the operator keeps them out of all
    /// organizations, and lets them in again.
    state: MemberStatusName,
    #[schema(required = true)]
    suspended_at: Option<Moment>,
    version: i64,
    joined_at: Moment,
}

impl From<MemberView> for MemberResponse {
    fn from(member: MemberView) -> Self {
        Self {
            user_id: member.user_id.into(),
            kind: member.kind.into(),
            state: member.status().into(),
            email: member.email,
            display_name: member.display_name,
            role: member.role.into(),
            custom_role: member.custom_role.map(Into::into),
            suspended_at: member.suspended_at.map(Into::into),
            version: member.version,
            joined_at: member.joined_at.into(),
        }
    }
}

// Their name, their address and the name of their role are not of the membership.
versioned!(MemberResponse: user_id, variant);

/// List the members
///
/// In the order in which they joined, those who are suspended or deactivated among them. Guests cannot see them.
#[utoipa::path(tag = "members", operation_id = "list_members", params(MemberList),
    responses((status = 200, body = ListBody<MemberResponse>, description = "A page of members")))]
#[get("/members")]
pub(crate) async fn list_members(caller: Caller, list: MemberList) -> Answer {
    let query = ListMembers { filter: list.filter.clone(), page: list.page.clone() };
    list.answer::<_, MemberResponse>(caller.ask(query).await?)
}

/// Read a member
///
/// Guests cannot.
#[utoipa::path(tag = "members", operation_id = "get_member", params(InMemberPath, IfNoneMatch),
    responses((status = 200, body = MemberResponse, description = "The member")))]
#[get("/members/{user_id}")]
pub(crate) async fn get_member(caller: Caller, path: InMemberPath, held: IfNoneMatch) -> Answer {
    let InPath(MemberRef(user)) = path;
    ok_unless_held(&held, &MemberResponse::from(caller.ask(FindMember { user }).await?))
}

/// Change a member's role
///
/// To one that you could have yourself, of somebody who may do no more than you: what is missing is refused (403
/// `permission.denied`). So only owners make or unmake owners. The last owner stays one. A system role takes the place of
/// a custom one.
#[utoipa::path(tag = "members", operation_id = "update_member", params(InMemberPath, IfMatch),
    request_body = UpdateMemberBody,
    responses((status = 200, body = MemberResponse, description = "The member as they are now")))]
#[patch("/members/{user_id}")]
pub(crate) async fn update_member(
    caller: Caller,
    path: InMemberPath,
    seen: IfMatch,
    body: Body<UpdateMemberBody>,
) -> Answer {
    let InPath(MemberRef(user)) = path;
    let expected_version = seen.expected_version(Some(user.uuid()));
    let command = body.into_inner().into_command(user, expected_version)?;
    ok_versioned(&MemberResponse::from(caller.execute(command).await?))
}

/// Remove a member, or leave
///
/// Who may do more than you can only be removed by others. Their roles in projects and their assignments end. Private
/// projects that only they managed pass to the owner or admin who removes them, else to an owner. Who is removed by
/// somebody else comes back by an invitation only, whatever domains let in.
#[utoipa::path(tag = "members", operation_id = "remove_member", params(InMemberPath, IfMatch),
    responses((status = 204, description = "They are no member any more")))]
#[delete("/members/{user_id}")]
pub(crate) async fn remove_member(caller: Caller, path: InMemberPath, seen: IfMatch) -> Answer {
    let InPath(MemberRef(user)) = path;
    let expected_version = seen.expected_version(Some(user.uuid()));
    caller.execute(RemoveMember { user, expected_version }).await?;
    no_content()
}

/// Suspend a member
///
/// They have no access any more, with their sessions as with their tokens: at once, on every instance. What they have
/// stays theirs until they are unsuspended: their role, their roles in projects and their assignments. They get no
/// notifications, and nothing more can be given to them. Nobody suspends themselves, the last owner, or who may do more
/// than they: so only owners suspend owners.
#[utoipa::path(tag = "members", operation_id = "suspend_member", params(InMemberPath, IfMatch),
    responses((status = 200, body = MemberResponse, description = "The member as they are now")))]
#[post("/members/{user_id}/suspend")]
pub(crate) async fn suspend_member(caller: Caller, path: InMemberPath, seen: IfMatch) -> Answer {
    let InPath(MemberRef(user)) = path;
    let command = SuspendMember { user, expected_version: seen.expected_version(Some(user.uuid())) };
    ok_versioned(&MemberResponse::from(caller.execute(command).await?))
}

/// Unsuspend a member
///
/// They have access again, with what they had before, unless the operator has deactivated them. Who may do more than you
/// can only be unsuspended by others.
#[utoipa::path(tag = "members", operation_id = "unsuspend_member", params(InMemberPath, IfMatch),
    responses((status = 200, body = MemberResponse, description = "The member as they are now")))]
#[post("/members/{user_id}/unsuspend")]
pub(crate) async fn unsuspend_member(caller: Caller, path: InMemberPath, seen: IfMatch) -> Answer {
    let InPath(MemberRef(user)) = path;
    let command = UnsuspendMember { user, expected_version: seen.expected_version(Some(user.uuid())) };
    ok_versioned(&MemberResponse::from(caller.execute(command).await?))
}
