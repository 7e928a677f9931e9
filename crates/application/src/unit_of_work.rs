//! One transaction with all repositories on it.

use async_trait::async_trait;
use tenon_domain::{OrganizationId, Timestamp, UserId};

use crate::actor::{Actor, Viewer};
use crate::documents::Touched;
use crate::events::{EventLog, EventReceipts};
use crate::idempotency::IdempotencyLedger;
use crate::identity::{
    AccountRequestRepository, ExternalIdentityRepository, IdentityProviderRepository, PasskeyRepository,
    SecondFactorRepository, SessionRepository, SignInChallengeRepository, SignInCodeRepository, TokenRepository,
    UserRepository,
};
use crate::notifications::NotificationRepository;
use crate::organizations::{
    CustomRoleRepository, DomainRepository, ExcludedAddressRepository, InvitationRepository, MemberRepository,
    OrganizationRepository, TeamRepository,
};
use crate::projects::ProjectRepository;
use crate::tasks::TaskRepository;

/// How a store says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The row has another version than the entity was read with, or a concurrent transaction won.
    #[error("changed by somebody else")]
    Stale,
    /// A unique constraint refused the row. Holds the name of the constraint or the store's message.
    #[error("duplicate: {0}")]
    Duplicate(String),
    #[error("store unavailable: {0}")]
    Unavailable(String),
    #[error("store: {0}")]
    Broken(String),
}

/// What a unit of work can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One tenant: every repository is bound to it.
    Organization(OrganizationId),
    /// Across tenants, for sign-in and registration. Tenant repositories refuse until [`UnitOfWork::enter`] is called.
    Deployment,
}

impl From<OrganizationId> for Scope {
    fn from(organization: OrganizationId) -> Self {
        Self::Organization(organization)
    }
}

impl From<Viewer> for Scope {
    fn from(viewer: Viewer) -> Self {
        Self::Organization(viewer.organization)
    }
}

/// Begins units of work.
#[async_trait]
pub trait Transactions: Send + Sync {
    /// `actor` and `now` stamp the events that the unit of work stores.
    async fn begin(&self, scope: Scope, actor: &Actor, now: Timestamp) -> Result<Box<dyn UnitOfWork>, StoreError>;
}

/// One owned transaction. Dropping it rolls back.
#[async_trait]
pub trait UnitOfWork: Send {
    /// Binds a deployment-wide unit of work to a tenant from here on.
    async fn enter(&mut self, organization: OrganizationId) -> Result<(), StoreError>;
    /// Stamps the events that follow with a user who proved who they are during this unit of work.
    fn act_as(&mut self, user: UserId);

    fn users(&mut self) -> &mut dyn UserRepository;
    fn sessions(&mut self) -> &mut dyn SessionRepository;
    fn account_requests(&mut self) -> &mut dyn AccountRequestRepository;
    fn second_factors(&mut self) -> &mut dyn SecondFactorRepository;
    fn challenges(&mut self) -> &mut dyn SignInChallengeRepository;
    fn passkeys(&mut self) -> &mut dyn PasskeyRepository;
    fn identity_providers(&mut self) -> &mut dyn IdentityProviderRepository;
    fn external_identities(&mut self) -> &mut dyn ExternalIdentityRepository;
    fn sign_in_codes(&mut self) -> &mut dyn SignInCodeRepository;
    fn tokens(&mut self) -> &mut dyn TokenRepository;
    fn organizations(&mut self) -> &mut dyn OrganizationRepository;
    fn members(&mut self) -> &mut dyn MemberRepository;
    fn excluded_addresses(&mut self) -> &mut dyn ExcludedAddressRepository;
    fn invitations(&mut self) -> &mut dyn InvitationRepository;
    fn custom_roles(&mut self) -> &mut dyn CustomRoleRepository;
    fn teams(&mut self) -> &mut dyn TeamRepository;
    fn domains(&mut self) -> &mut dyn DomainRepository;
    fn projects(&mut self) -> &mut dyn ProjectRepository;
    fn tasks(&mut self) -> &mut dyn TaskRepository;
    fn notifications(&mut self) -> &mut dyn NotificationRepository;
    fn audit(&mut self) -> &mut dyn crate::audit::AuditRepository;
    fn events(&mut self) -> &mut dyn EventLog;
    fn receipts(&mut self) -> &mut dyn EventReceipts;
    fn idempotency(&mut self) -> &mut dyn IdempotencyLedger;

    /// The user in whose name it acts.
    fn author(&self) -> Option<UserId>;
    /// What was changed so far that is cached.
    fn touched(&self) -> Vec<Touched>;

    /// Commits. Answers whether events were stored, so that the relay is woken only when there is work.
    async fn commit(self: Box<Self>) -> Result<bool, StoreError>;
}
