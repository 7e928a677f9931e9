//! The members of an organization over HTTP.

use actix_web::{delete, get, patch};
use serde::{Deserialize, Serialize};
use tenon_application::Unsorted;
use tenon_application::organizations::{ChangeMemberRole, ListMembers, MemberView, RemoveMember};
use tenon_domain::Version;
use tenon_domain::access::OrganizationRole;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::OrganizationRoleName;
use crate::http::answer::{Answer, no_content, ok_versioned};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::conditional::{IfMatch, Versioned};
use crate::http::list::{Filter, List, ListBody};
use crate::http::merge_patch::not_null;
use crate::http::path::{InPath, MemberRef};
use crate::http::query::{self, Params};
use crate::http::wire::Moment;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_members).service(update_member).service(remove_member);
}

type InMemberPath = InPath<MemberRef>;
type MemberList = List<MemberFilter, Unsorted>;

/// Which members a list shows.
pub(crate) struct MemberFilter {
    roles: Vec<OrganizationRole>,
}

impl Filter for MemberFilter {
    fn read(params: &mut Params) -> Self {
        Self { roles: params.many("role", "Only members with these roles.", &query::name_of()) }
    }
}

/// What is to change in a membership.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({ "role": "admin" }))]
pub(crate) struct UpdateMemberBody {
    #[serde(deserialize_with = "not_null")]
    #[schema(value_type = OrganizationRoleName, required = false)]
    role: Option<OrganizationRoleName>,
}

/// A member of the organization.
#[derive(Serialize, ToSchema)]
#[schema(as = Member, example = json!({
    "user_id": "0199f8a2-8e30-7f5c-9d76-4b2ea03f9c88", "email": "ada@example.com", "display_name": "Ada Lovelace",
    "role": "owner", "version": 1, "joined_at": "2026-11-21T09:30:00.123Z",
}))]
pub(crate) struct MemberResponse {
    user_id: Uuid,
    email: String,
    display_name: String,
    role: OrganizationRoleName,
    version: i64,
    joined_at: Moment,
}

impl From<MemberView> for MemberResponse {
    fn from(member: MemberView) -> Self {
        Self {
            user_id: member.user_id.into(),
            email: member.email,
            display_name: member.display_name,
            role: member.role.into(),
            version: member.version,
            joined_at: member.joined_at.into(),
        }
    }
}

impl Versioned for MemberResponse {
    fn id(&self) -> Uuid {
        self.user_id
    }

    fn version(&self) -> Version {
        self.version
    }
}

/// List the members
///
/// In the order in which they joined. Guests cannot see them.
#[utoipa::path(tag = "members", operation_id = "list_members", params(MemberList),
    responses((status = 200, body = ListBody<MemberResponse>, description = "A page of members")))]
#[get("/members")]
pub(crate) async fn list_members(caller: Caller, list: MemberList) -> Answer {
    let query = ListMembers { roles: list.filter.roles.clone(), page: list.page.clone() };
    list.answer::<_, MemberResponse>(caller.ask(query).await?)
}

/// Change a member's role
///
/// Only owners make or unmake owners. The last owner stays one.
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
    let command = ChangeMemberRole { user, role: body.into_inner().role.map(|name| name.0), expected_version };
    ok_versioned(&MemberResponse::from(caller.execute(command).await?))
}

/// Remove a member, or leave
///
/// Their roles in projects and their assignments end. Private projects that only they managed pass to whoever removes
/// them, or to an owner when they leave.
#[utoipa::path(tag = "members", operation_id = "remove_member", params(InMemberPath, IfMatch),
    responses((status = 204, description = "They are no member any more")))]
#[delete("/members/{user_id}")]
pub(crate) async fn remove_member(caller: Caller, path: InMemberPath, seen: IfMatch) -> Answer {
    let InPath(MemberRef(user)) = path;
    let expected_version = seen.expected_version(Some(user.uuid()));
    caller.execute(RemoveMember { user, expected_version }).await?;
    no_content()
}
