//! Use cases on organizations, their members and invitations.

mod accept_invitation;
mod invitations;
mod members;
mod organization;
mod ports;
mod service_accounts;
mod views;

pub use accept_invitation::{AcceptInvitation, Invitee};
pub use invitations::{CreateInvitation, FindInvitation, ListInvitations, RevokeInvitation};
pub use members::{ChangeMemberRole, ListMembers, RemoveMember};
pub use organization::{CreateOrganization, EditOrganization, FindOrganization, ListOrganizations};
pub(crate) use organization::{appoint_founder, create_organization};
#[cfg(test)]
pub(crate) use ports::MockOrganizationQueries;
pub use ports::{
    InvitationRepository, InvitationTokens, MemberRepository, OrganizationQueries, OrganizationRepository,
};
pub use service_accounts::{
    CreateServiceAccount, DeleteServiceAccount, FindServiceAccount, ListServiceAccounts, ServiceAccountView,
};
pub(crate) use service_accounts::{find_service_account, permit_service_role};
pub use views::{InvitationView, MemberView, OrganizationView};

#[cfg(test)]
mod tests;
