use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tenon_domain::identity::{
    AccountRequestState, ExternalIdentityState, IdentityProviderState, PasskeyState, PersonalAccessTokenState,
    SecondFactorState, SessionState, SignInChallengeState, SignInCodeState, TokenHash, UserState,
};
use tenon_domain::organizations::{
    CustomRoleState, InvitationState, MemberState, OrganizationDomainState, OrganizationState, TeamState,
};
use tenon_domain::projects::{GivenRole, ProjectState};
use tenon_domain::tasks::TaskState;
use tenon_domain::{OrganizationId, ProjectId, TeamId, Timestamp, UserId, Version};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::unit::MemoryUnit;
use crate::actor::Actor;
use crate::audit::AuditEntryView;
use crate::events::{EventRecord, FailedJob};
use crate::identity::AddressDigest;
use crate::notifications::NotificationView;
use crate::unit_of_work::{Scope, StoreError, Transactions, UnitOfWork};

/// All that is stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Data {
    pub(crate) users: Vec<UserState>,
    pub(crate) sessions: Vec<SessionState>,
    pub(crate) account_requests: Vec<AccountRequestState>,
    pub(crate) second_factors: Vec<SecondFactorState>,
    pub(crate) challenges: Vec<SignInChallengeState>,
    pub(crate) passkeys: Vec<PasskeyState>,
    pub(crate) finished_ceremonies: Vec<TokenHash>,
    pub(crate) identity_providers: Vec<(OrganizationId, IdentityProviderState)>,
    pub(crate) external_identities: Vec<ExternalIdentityState>,
    pub(crate) sign_in_codes: Vec<SignInCodeState>,
    pub(crate) tokens: Vec<PersonalAccessTokenState>,
    pub(crate) organizations: Vec<OrganizationState>,
    pub(crate) members: Vec<(OrganizationId, MemberState)>,
    pub(crate) custom_roles: Vec<(OrganizationId, CustomRoleState)>,
    pub(crate) invitations: Vec<(OrganizationId, InvitationState)>,
    pub(crate) domains: Vec<(OrganizationId, OrganizationDomainState)>,
    pub(crate) exclusions: Vec<(OrganizationId, UserId)>,
    pub(crate) excluded_addresses: Vec<(OrganizationId, AddressDigest)>,
    pub(crate) projects: Vec<(OrganizationId, ProjectState)>,
    pub(crate) roles: Vec<(ProjectId, UserId, GivenRole)>,
    pub(crate) teams: Vec<(OrganizationId, TeamState)>,
    pub(crate) team_members: Vec<(TeamId, UserId, Timestamp)>,
    pub(crate) team_roles: Vec<(ProjectId, TeamId, GivenRole)>,
    pub(crate) tasks: Vec<(OrganizationId, TaskState)>,
    pub(crate) notifications: Vec<(UserId, NotificationView, Uuid)>,
    pub(crate) audit: Vec<AuditEntryView>,
    pub(crate) events: Vec<EventRecord>,
    pub(crate) receipts: Vec<(Uuid, String)>,
    pub(crate) failed_jobs: Vec<FailedJob>,
    pub(crate) committed_keys: Vec<(UserId, String)>,
}

/// What the store was asked to do, and what is to go wrong.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) begun: u32,
    pub(super) committed: u32,
    pub(super) failing_commits: VecDeque<StoreError>,
    pub(super) held: Option<Arc<Semaphore>>,
}

/// The committed data.
#[derive(Clone, Default)]
pub(crate) struct MemoryStore {
    data: Arc<Mutex<Data>>,
    tally: Arc<Mutex<Tally>>,
}

impl MemoryStore {
    pub(crate) fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many units of work were begun.
    pub(crate) fn begun(&self) -> u32 {
        self.tally().begun
    }

    /// How many were committed.
    pub(crate) fn committed(&self) -> u32 {
        self.tally().committed
    }

    /// Makes the next commits fail, one for each of these.
    pub(crate) fn fail_commits(&self, errors: impl IntoIterator<Item = StoreError>) {
        self.tally().failing_commits.extend(errors);
    }

    /// Makes commits wait until somebody permits them.
    pub(crate) fn hold_commits(&self) -> Arc<Semaphore> {
        let permits = Arc::new(Semaphore::new(0));
        self.tally().held = Some(Arc::clone(&permits));
        permits
    }

    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Transactions for MemoryStore {
    async fn begin(&self, scope: Scope, actor: &Actor, now: Timestamp) -> Result<Box<dyn UnitOfWork>, StoreError> {
        self.tally().begun += 1;
        let data = self.data().clone();
        Ok(Box::new(MemoryUnit::new(self.clone(), data, scope, actor, now)))
    }
}

/// The version a row gets, given the one its entity was read with and the one that is stored.
pub(super) fn next_version(read: Version, stored: Option<Version>) -> Result<Version, StoreError> {
    match stored {
        None if read == 0 => Ok(1),
        Some(_) if read == 0 => Err(StoreError::Duplicate("id".to_owned())),
        Some(stored) if stored == read => Ok(stored + 1),
        _ => Err(StoreError::Stale),
    }
}
