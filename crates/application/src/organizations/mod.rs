//! Use cases on organizations, their members, roles, teams, invitations and domains.

mod accept_invitation;
mod domains;
mod exclusions;
mod invitations;
mod members;
mod organization;
mod ports;
mod roles;
mod service_accounts;
mod suspension;
mod teams;
mod views;

pub use accept_invitation::{AcceptInvitation, Invitee};
pub(crate) use domains::join_by_address;
pub use domains::{
    ClaimDomain, DomainArchive, DomainQueries, DomainRepository, DomainView, Domains, DueDomain, EditDomain,
    FindDomain, JoinOrganization, JoinableOrganizationView, ListDomains, ListJoinable, LookupError, LookupsUnderWay,
    RecheckDomain, RemoveDomain, TxtRecords, VerifyDomain,
};
pub use exclusions::ExcludedAddressRepository;
pub(crate) use exclusions::{is_address_kept_out, is_kept_out, keep_out_by_address};
pub use invitations::{CreateInvitation, FindInvitation, ListInvitations, RevokeInvitation};
pub use members::{ChangeMemberRole, FindMember, ListMembers, RemoveMember};
pub(crate) use members::{change_role, give_role};
pub use organization::{
    CreateOrganization, EditOrganization, FindOrganization, FindOwnOrganization, ListOrganizations,
};
pub(crate) use organization::{appoint_founder, create_organization, seen_with};
#[cfg(test)]
pub(crate) use ports::MockOrganizationQueries;
pub use ports::{
    InvitationRepository, InvitationTokens, MemberFilter, MemberRepository, OrganizationQueries, OrganizationRepository,
};
pub use roles::{
    CreateRole, CustomRoleRepository, DeleteRole, EditRole, FindOwnPermissions, FindRole, ListPermissions, ListRoles,
    OwnPermissions,
};
pub(crate) use roles::{choose, ensure_covers, ensure_covers_member, held_role, held_roles, member_role};
pub use service_accounts::{
    CreateServiceAccount, DeleteServiceAccount, EditServiceAccount, FindServiceAccount, ListServiceAccounts,
    ServiceAccountView,
};
pub(crate) use service_accounts::{find_service_account, permit_service_role};
pub use suspension::{SuspendMember, UnsuspendMember};
#[cfg(test)]
pub(crate) use teams::MockTeamQueries;
pub use teams::{
    AddTeamMember, CreateTeam, DeleteTeam, EditTeam, FindTeam, ListTeamMembers, ListTeams, RemoveTeamMember,
    TeamMemberView, TeamQueries, TeamRepository, TeamView,
};
pub use views::{InvitationView, MemberView, OrganizationView};

#[cfg(test)]
mod tests;
