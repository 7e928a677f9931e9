use async_trait::async_trait;
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::Email;
use tenon_domain::organizations::{Invitation, InvitationState, Member, MemberState, Organization, OrganizationState};
use tenon_domain::{InvitationId, OrganizationId, Timestamp, UserId};

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

/// Members in a unit of work, bound to its organization.
#[async_trait]
pub trait MemberRepository: Send {
    async fn find(&mut self, user: UserId) -> Result<Option<Member>, StoreError>;
    /// Writes the row, checks its version and stores the events. Joining twice is [`StoreError::Duplicate`].
    async fn save(&mut self, member: Member) -> Result<MemberState, StoreError>;
    /// Deletes the membership and stores the events.
    async fn remove(&mut self, member: Member) -> Result<(), StoreError>;
    /// How many owners the organization has. Locks the organization, so that the answer holds until the commit.
    async fn count_owners(&mut self) -> Result<u64, StoreError>;
    /// Whether the user is a member. Locks the membership, so that the answer holds until the commit.
    async fn hold(&mut self, user: UserId) -> Result<bool, StoreError>;
    /// An owner other than this user; the one who joined first.
    async fn other_owner(&mut self, than: UserId) -> Result<Option<UserId>, StoreError>;
    /// The organizations that the user belongs to, in order of their ids. Across tenants.
    async fn organizations_of(&mut self, user: UserId) -> Result<Vec<OrganizationId>, StoreError>;
    /// The user's role in any organization, across tenants.
    async fn role_in(
        &mut self,
        user: UserId,
        organization: OrganizationId,
    ) -> Result<Option<OrganizationRole>, StoreError>;
    /// Where a user goes when they sign in: where they were last, else where they joined first. Across tenants.
    async fn home_of(&mut self, user: UserId) -> Result<Option<(OrganizationId, OrganizationRole)>, StoreError>;
    /// Those of the users who are members of the organization.
    async fn among(&mut self, users: &[UserId]) -> Result<Vec<UserId>, StoreError>;
    /// Whether somebody with this address is a member of the organization.
    async fn has_address(&mut self, email: &Email) -> Result<bool, StoreError>;
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

/// The read side of organizations.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait OrganizationQueries: Send + Sync {
    async fn find(&self, viewer: Viewer) -> Result<Option<OrganizationView>, StoreError>;
    /// All organizations the user belongs to, across tenants.
    async fn list(&self, user: UserId, page: &PageRequest<Unsorted>) -> Result<Page<OrganizationView>, StoreError>;
    async fn members(
        &self,
        viewer: Viewer,
        role: &[OrganizationRole],
        page: &PageRequest<Unsorted>,
    ) -> Result<Page<MemberView>, StoreError>;
    async fn invitations(
        &self,
        viewer: Viewer,
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
    /// The address an invitation was made for, across tenants.
    async fn invited_address(&self, id: InvitationId) -> Result<Option<Email>, StoreError>;
}
