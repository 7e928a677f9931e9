//! Organizations, members, roles, invitations and domains.

mod access;
mod custom_roles;
mod domains;
mod excluded_addresses;
mod exclusions;
mod invitations;
mod member_queries;
mod member_roles;
mod members;
mod queries;
mod repository;
mod service_accounts;

pub use domains::SqlDomainArchive;
use sea_orm::{EntityTrait, RelationDef};
use tenon_application::StoreError;
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::Email;
use tenon_domain::organizations::{InvitationState, OrganizationName, OrganizationState};

pub(super) use self::access::active_member;
use self::member_roles::{RoleRow, with_role};
use super::entities::{invitation, member, organization, user};
use super::rows::named;

fn organization_state(row: organization::Model) -> OrganizationState {
    OrganizationState {
        id: row.id.into(),
        name: OrganizationName::restore(row.name),
        require_mfa: row.require_mfa,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

fn invitation_state(row: invitation::Model) -> Result<InvitationState, StoreError> {
    Ok(InvitationState {
        id: row.id.into(),
        email: Email::restore(row.email),
        role: role(&row.role)?,
        custom_role: row.custom_role_id.map(Into::into),
        invited_by: row.invited_by.into(),
        created_at: row.created_at,
        expires_at: row.expires_at,
        accepted_at: row.accepted_at,
        revoked_at: row.revoked_at,
    })
}

fn role(text: &str) -> Result<OrganizationRole, StoreError> {
    named("role", text, OrganizationRole::parse)
}

/// From a membership to the user who has it.
fn member_user() -> RelationDef {
    member::Entity::belongs_to(user::Entity).from(member::Column::UserId).to(user::Column::Id).into()
}
