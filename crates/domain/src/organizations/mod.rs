//! Organizations: the tenants.
//!
//! A **member** is a user in an organization, with a **role**. People come in by **invitation**: an email address, a
//! role and a one-time token. An organization always keeps at least one owner. It can make **custom roles** of its own.
//! A **team** is a named set of members, which is added to projects as a whole.
//!
//! A **suspended** member has no access until they are unsuspended, and gets back then what they had. An organization
//! **claims** a **domain** and proves by a record in the DNS that it is its own; then it may let everybody join who has
//! a verified address there.

mod custom_role;
mod domain;
mod domain_name;
mod error;
mod event;
mod invitation;
mod member;
mod member_role;
mod organization;
mod team;
mod team_event;

pub use custom_role::{CustomRole, CustomRoleState, NewRole, RoleChanges, RoleDescription, RoleName};
pub use domain::{DomainStatus, OrganizationDomain, OrganizationDomainState};
pub use domain_name::DomainName;
pub use error::OrganizationError;
pub use event::OrganizationFact;
pub use invitation::{Invitation, InvitationState, InvitationStatus};
pub use member::{Member, MemberState, MemberStatus};
pub use member_role::{HeldRole, MemberRole, RoleChoice};
pub use organization::{Organization, OrganizationName, OrganizationState};
pub use team::{Team, TeamDescription, TeamEdit, TeamName, TeamState};
pub use team_event::TeamFact;

#[cfg(test)]
mod tests;
