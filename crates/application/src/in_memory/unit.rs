use async_trait::async_trait;
use tenon_domain::audit::ActorKind;
use tenon_domain::{DomainEvent, OrganizationId, Timestamp, UserId};
use uuid::Uuid;

use super::data::{Data, MemoryStore};
use crate::actor::{Actor, Origin};
use crate::audit::AuditRepository;
use crate::documents::{Resource, Touched};
use crate::events::{ActorRecord, Delivery, EventLog, EventReceipts, EventRecord};
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
use crate::unit_of_work::{Scope, StoreError, UnitOfWork};

/// A copy of the data, which replaces the original on commit.
pub(super) struct MemoryUnit {
    store: MemoryStore,
    pub(super) data: Data,
    tenant: Option<OrganizationId>,
    actor: ActorRecord,
    origin: Origin,
    pub(super) now: Timestamp,
    events_before: usize,
    touched: Vec<Touched>,
}

impl MemoryUnit {
    pub(super) fn new(store: MemoryStore, data: Data, scope: Scope, actor: &Actor, now: Timestamp) -> Self {
        let tenant = match scope {
            Scope::Organization(id) => Some(id),
            Scope::Deployment => None,
        };
        let events_before = data.events.len();
        Self {
            store,
            data,
            tenant,
            actor: actor.into(),
            origin: actor.origin.clone(),
            now,
            events_before,
            touched: Vec::new(),
        }
    }

    pub(super) fn tenant(&self) -> Result<OrganizationId, StoreError> {
        self.tenant.ok_or_else(|| StoreError::Broken("outside of any organization".to_owned()))
    }

    pub(super) fn bind(&mut self, tenant: OrganizationId) {
        self.tenant = Some(tenant);
    }

    pub(super) fn tell(&mut self, events: Vec<DomainEvent>) {
        for event in events {
            self.touch(Resource::changed_by(&event));
            let id = self.next_event_id();
            let record = EventRecord::new(id, &event, self.tenant, self.actor.clone(), &self.origin, self.now);
            self.data.events.push(record);
        }
    }

    pub(super) fn touch(&mut self, resources: impl IntoIterator<Item = Resource>) {
        let Some(organization) = self.tenant else { return };
        self.touched.extend(resources.into_iter().map(|resource| Touched { organization, resource }));
    }

    fn next_event_id(&self) -> Uuid {
        Uuid::from_u128(0xE000 + self.data.events.len() as u128)
    }
}

#[async_trait]
impl UnitOfWork for MemoryUnit {
    async fn enter(&mut self, organization: OrganizationId) -> Result<(), StoreError> {
        self.bind(organization);
        Ok(())
    }

    fn act_as(&mut self, user: UserId) {
        self.actor = ActorRecord { kind: ActorKind::User.as_str().to_owned(), id: Some(user.uuid()), token: None };
    }

    fn users(&mut self) -> &mut dyn UserRepository {
        self
    }

    fn sessions(&mut self) -> &mut dyn SessionRepository {
        self
    }

    fn account_requests(&mut self) -> &mut dyn AccountRequestRepository {
        self
    }

    fn second_factors(&mut self) -> &mut dyn SecondFactorRepository {
        self
    }

    fn challenges(&mut self) -> &mut dyn SignInChallengeRepository {
        self
    }

    fn passkeys(&mut self) -> &mut dyn PasskeyRepository {
        self
    }

    fn identity_providers(&mut self) -> &mut dyn IdentityProviderRepository {
        self
    }

    fn external_identities(&mut self) -> &mut dyn ExternalIdentityRepository {
        self
    }

    fn sign_in_codes(&mut self) -> &mut dyn SignInCodeRepository {
        self
    }

    fn tokens(&mut self) -> &mut dyn TokenRepository {
        self
    }

    fn organizations(&mut self) -> &mut dyn OrganizationRepository {
        self
    }

    fn members(&mut self) -> &mut dyn MemberRepository {
        self
    }

    fn excluded_addresses(&mut self) -> &mut dyn ExcludedAddressRepository {
        self
    }

    fn invitations(&mut self) -> &mut dyn InvitationRepository {
        self
    }

    fn teams(&mut self) -> &mut dyn TeamRepository {
        self
    }

    fn custom_roles(&mut self) -> &mut dyn CustomRoleRepository {
        self
    }

    fn domains(&mut self) -> &mut dyn DomainRepository {
        self
    }

    fn projects(&mut self) -> &mut dyn ProjectRepository {
        self
    }

    fn tasks(&mut self) -> &mut dyn TaskRepository {
        self
    }

    fn notifications(&mut self) -> &mut dyn NotificationRepository {
        self
    }

    fn audit(&mut self) -> &mut dyn AuditRepository {
        self
    }

    fn events(&mut self) -> &mut dyn EventLog {
        self
    }

    fn receipts(&mut self) -> &mut dyn EventReceipts {
        self
    }

    fn idempotency(&mut self) -> &mut dyn IdempotencyLedger {
        self
    }

    fn author(&self) -> Option<UserId> {
        self.actor.id.map(UserId::new)
    }

    fn touched(&self) -> Vec<Touched> {
        self.touched.clone()
    }

    async fn commit(self: Box<Self>) -> Result<bool, StoreError> {
        let held = self.store.tally().held.clone();
        if let Some(permits) = held {
            permits.acquire().await.map_err(|error| StoreError::Broken(error.to_string()))?.forget();
        }
        if let Some(error) = self.store.tally().failing_commits.pop_front() {
            return Err(error);
        }
        self.store.tally().committed += 1;
        let told = self.data.events.len() > self.events_before;
        *self.store.data() = self.data;
        Ok(told)
    }
}

#[async_trait]
impl EventLog for MemoryUnit {
    async fn record(&mut self, events: Vec<DomainEvent>) -> Result<(), StoreError> {
        self.tell(events);
        Ok(())
    }

    async fn deliver(&mut self, deliveries: Vec<(Origin, Delivery)>) -> Result<(), StoreError> {
        for (origin, delivery) in deliveries {
            let id = self.next_event_id();
            let (tenant, actor) = (self.tenant, self.actor.clone());
            self.data.events.push(EventRecord::delivery(id, delivery, tenant, actor, &origin, self.now));
        }
        Ok(())
    }
}
