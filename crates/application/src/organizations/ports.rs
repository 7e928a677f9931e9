use async_trait::async_trait;
use tenon_domain::access::{OrganizationAccess, OrganizationRole, RoleLevel};
use tenon_domain::identity::{Email, UserKind};
use tenon_domain::organizations::{
    CustomRoleState, Invitation, InvitationState, InvitationStatus, Member, MemberState, MemberStatus, Organization,
    OrganizationState,
};
use tenon_domain::{CustomRoleId, InvitationId, OrganizationId, Timestamp, UserId};

use super::{InvitationView, MemberView, OrganizationView, ServiceAccountView};
use crate::actor::Viewer;
use crate::page::{Page, PageRequest, Unsorted};
use crate::unit_of_work::StoreError;

/// Organizations in a unit of work.
#[async_trait]
pub trait OrganizationRepository: Send {
    /// The organization of the unit of work.
    async fn current(&mut self) -> Result<Option<Organization>, StoreError>;
    /// Writes the row, checks its version and stores the events. A new one binds the unit of work to itself.
    async fn save(&mut self, organization: Organization) -> Result<OrganizationState, StoreError>;
    /// Whether the deployment has any organization. Needs the deployment's scope.
    async fn any_exists(&mut self) -> Result<bool, StoreError>;
}

/// Members in a unit of work, bound to its organization. Those who are suspended, by the organization, or deactivated,
/// by the operator, are members without access: what asks for those who are *active* leaves them out.
#[async_trait]
pub trait MemberRepository: Send {
    /// Active or not.
    async fn find(&mut self, user: UserId) -> Result<Option<Member>, StoreError>;
    /// Writes the row, checks its version and stores the events. Joining twice is [`StoreError::Duplicate`].
    async fn save(&mut self, member: Member) -> Result<MemberState, StoreError>;
    /// Deletes the membership and stores the events.
    async fn remove(&mut self, member: Member) -> Result<(), StoreError>;
    /// Has everybody wait until the commit who locks the organization, too: whoever is about to change what somebody may
    /// do in it.
    async fn lock_organization(&mut self) -> Result<(), StoreError>;
    /// How many active owners the organization has. Locks the organization, so that the answer holds until the commit.
    async fn count_owners(&mut self) -> Result<u64, StoreError>;
    /// The active owners.
    async fn owners(&mut self) -> Result<Vec<UserId>, StoreError>;
    /// Whether the user is an active member. Locks the membership, so that the answer holds until the commit.
    async fn hold(&mut self, user: UserId) -> Result<bool, StoreError>;
    /// An active owner other than this user; the one who joined first.
    async fn other_owner(&mut self, than: UserId) -> Result<Option<UserId>, StoreError>;
    /// The organizations that the user belongs to, active or not, in order of their ids. Across tenants.
    async fn organizations_of(&mut self, user: UserId) -> Result<Vec<OrganizationId>, StoreError>;
    /// What the user may do in any organization where they are active, across tenants.
    async fn role_in(
        &mut self,
        user: UserId,
        organization: OrganizationId,
    ) -> Result<Option<OrganizationAccess>, StoreError>;
    /// Where a user goes when they sign in: where they were last, else where they joined first, and are active. Across
    /// tenants.
    async fn home_of(&mut self, user: UserId) -> Result<Option<(OrganizationId, OrganizationAccess)>, StoreError>;
    /// Those of the users who are active members of the organization.
    async fn among(&mut self, users: &[UserId]) -> Result<Vec<UserId>, StoreError>;
    /// Whether somebody with this address is a member of the organization, active or not.
    async fn has_address(&mut self, email: &Email) -> Result<bool, StoreError>;
    /// Keeps a user, whom somebody removed, from joining again by themselves.
    async fn exclude(&mut self, user: UserId, now: Timestamp) -> Result<(), StoreError>;
    /// Takes that back.
    async fn readmit(&mut self, user: UserId) -> Result<(), StoreError>;
    /// Forgets a user, who is erased, across tenants. Needs the deployment's scope.
    async fn erase_exclusions(&mut self, user: UserId) -> Result<(), StoreError>;
    async fn is_excluded(&mut self, user: UserId) -> Result<bool, StoreError>;
}

/// Invitations in a unit of work, bound to its organization.
#[async_trait]
pub trait InvitationRepository: Send {
    async fn find(&mut self, id: InvitationId) -> Result<Option<Invitation>, StoreError>;
    /// The organization of an invitation, across tenants.
    async fn organization_of(&mut self, id: InvitationId) -> Result<Option<OrganizationId>, StoreError>;
    /// Whether a pending invitation to this address exists.
    async fn pending_for(&mut self, email: &Email, now: Timestamp) -> Result<bool, StoreError>;
    /// Writes the row and stores the events. Of two concurrent acceptances or revocations one is
    /// [`StoreError::Stale`].
    async fn save(&mut self, invitation: Invitation) -> Result<InvitationState, StoreError>;
}

/// Makes and reads the one-time tokens of invitations. A token is derived from the invitation and a secret, so that
/// it need not be stored anywhere.
pub trait InvitationTokens: Send + Sync {
    /// What the inviter is shown.
    fn issue(&self, id: InvitationId) -> String;
    /// What only the mail holds: whoever has it reads the invited address.
    fn issue_for_mail(&self, id: InvitationId) -> String;
    /// The invitation of an authentic token.
    fn read(&self, token: &str) -> Option<InvitationId>;
    /// Whether an authentic token is the one of the mail.
    fn came_by_mail(&self, token: &str) -> bool;
    /// Where an invitation is accepted: the public address with the token.
    fn accept_url(&self, token: &str) -> String;
}

/// Which members a list shows: those who have one of the values, of each list that is not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberFilter {
    pub roles: Vec<OrganizationRole>,
    pub custom_roles: Vec<CustomRoleId>,
    pub statuses: Vec<MemberStatus>,
    pub kinds: Vec<UserKind>,
}

/// The read side of organizations.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait OrganizationQueries: Send + Sync {
    async fn find(&self, viewer: Viewer) -> Result<Option<OrganizationView>, StoreError>;
    /// One that the user is an active member of.
    async fn find_of(&self, user: UserId, id: OrganizationId) -> Result<Option<OrganizationView>, StoreError>;
    /// All organizations the user is an active member of, across tenants.
    async fn list(&self, user: UserId, page: &PageRequest<Unsorted>) -> Result<Page<OrganizationView>, StoreError>;
    async fn members(
        &self,
        viewer: Viewer,
        filter: &MemberFilter,
        page: &PageRequest<Unsorted>,
    ) -> Result<Page<MemberView>, StoreError>;
    async fn member(&self, viewer: Viewer, user: UserId) -> Result<Option<MemberView>, StoreError>;
    /// The invitations that are in one of these states by now; all of them if there is none to choose.
    async fn invitations(
        &self,
        viewer: Viewer,
        statuses: &[InvitationStatus],
        now: Timestamp,
        page: &PageRequest<Unsorted>,
    ) -> Result<Page<InvitationView>, StoreError>;
    async fn invitation(
        &self,
        viewer: Viewer,
        id: InvitationId,
        now: Timestamp,
    ) -> Result<Option<InvitationView>, StoreError>;
    /// The service accounts of the viewer's organization, newest first.
    async fn service_accounts(
        &self,
        viewer: Viewer,
        page: &PageRequest<Unsorted>,
    ) -> Result<Page<ServiceAccountView>, StoreError>;
    async fn service_account(&self, viewer: Viewer, id: UserId) -> Result<Option<ServiceAccountView>, StoreError>;
    /// The custom roles of the viewer's organization, of these levels, in the order in which they were made.
    async fn roles(
        &self,
        viewer: Viewer,
        levels: &[RoleLevel],
        page: &PageRequest<Unsorted>,
    ) -> Result<Page<CustomRoleState>, StoreError>;
    async fn role(&self, viewer: Viewer, id: CustomRoleId) -> Result<Option<CustomRoleState>, StoreError>;
    /// The address an invitation was made for, across tenants.
    async fn invited_address(&self, id: InvitationId) -> Result<Option<Email>, StoreError>;
}
