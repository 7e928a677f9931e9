//! Organizations: the tenants.
//!
//! A **member** is a user in an organization, with a **role**. People come in by **invitation**: an email address, a
//! role and a one-time token. An organization always keeps at least one owner.

mod error;
mod event;
mod invitation;
mod member;
mod organization;

pub use error::OrganizationError;
pub use event::OrganizationFact;
pub use invitation::{Invitation, InvitationState, InvitationStatus};
pub use member::{Member, MemberState};
pub use organization::{Organization, OrganizationName, OrganizationState};

#[cfg(test)]
mod tests;
