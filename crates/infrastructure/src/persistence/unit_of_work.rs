//! One transaction, with every repository on it.

use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::sea_query::LockType;
use sea_orm::{DbBackend, EntityTrait, QuerySelect};
use tenon_application::audit::AuditRepository;
use tenon_application::documents::{Resource, Touched};
use tenon_application::events::{ActorRecord, EventLog, EventReceipts, EventRecord};
use tenon_application::idempotency::IdempotencyLedger;
use tenon_application::identity::{
    AccountRequestRepository, ExternalIdentityRepository, IdentityProviderRepository, PasskeyRepository,
    SecondFactorRepository, SessionRepository, SignInChallengeRepository, SignInCodeRepository, TokenRepository,
    UserRepository,
};
use tenon_application::notifications::NotificationRepository;
use tenon_application::organizations::{
    CustomRoleRepository, DomainRepository, ExcludedAddressRepository, InvitationRepository, MemberRepository,
    OrganizationRepository, TeamRepository,
};
use tenon_application::ports::IdGenerator;
use tenon_application::projects::ProjectRepository;
use tenon_application::tasks::TaskRepository;
use tenon_application::{Actor, Origin, Scope, StoreError, Transactions, UnitOfWork};
use tenon_domain::{DomainEvent, OrganizationId, Timestamp, UserId};
use uuid::Uuid;

use super::Database;
use super::entities::organization;
use super::error::Stored;
use super::transaction::Transaction;

/// Begins units of work on the primary database.
#[derive(Clone)]
pub struct SqlTransactions {
    database: Database,
    ids: Arc<dyn IdGenerator>,
}

impl SqlTransactions {
    pub fn new(database: Database, ids: Arc<dyn IdGenerator>) -> Self {
        Self { database, ids }
    }
}

#[async_trait]
impl Transactions for SqlTransactions {
    async fn begin(&self, scope: Scope, actor: &Actor, now: Timestamp) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let transaction = self.database.begin(scope, actor.user_id()).await?;
        Ok(Box::new(SqlUnitOfWork {
            transaction,
            backend: self.database.backend(),
            organization: match scope {
                Scope::Organization(id) => Some(id),
                Scope::Deployment => None,
            },
            author: ActorRecord::from(actor),
            origin: actor.origin.clone(),
            now,
            ids: Arc::clone(&self.ids),
            events: Vec::new(),
            touched: Vec::new(),
        }))
    }
}

/// The adapter behind every repository port.
pub(super) struct SqlUnitOfWork {
    pub(super) transaction: Transaction,
    pub(super) backend: DbBackend,
    pub(super) organization: Option<OrganizationId>,
    pub(super) author: ActorRecord,
    pub(super) origin: Origin,
    pub(super) now: Timestamp,
    pub(super) ids: Arc<dyn IdGenerator>,
    /// What goes into the outbox at the commit.
    pub(super) events: Vec<EventRecord>,
    /// What is to be forgotten by caches after the commit.
    touched: Vec<Touched>,
}

impl SqlUnitOfWork {
    /// The tenant that every tenant query is bound to.
    pub(super) fn org(&self) -> Result<Uuid, StoreError> {
        self.organization
            .map(OrganizationId::uuid)
            .ok_or_else(|| StoreError::Broken("a tenant's repository was used outside any organization".into()))
    }

    /// The lock of who is about to change a row, but not its key: PostgreSQL lets others write meanwhile what refers to it.
    pub(super) fn row_lock(&self) -> LockType {
        if self.backend == DbBackend::Postgres { LockType::NoKeyUpdate } else { LockType::Update }
    }

    /// As [`lock_organization`](tenon_application::organizations::MemberRepository::lock_organization) says.
    pub(super) async fn hold_organization(&self) -> Result<(), StoreError> {
        let row = organization::Entity::find_by_id(self.org()?).lock(self.row_lock());
        row.one(&self.transaction).await.stored()?;
        Ok(())
    }

    /// Notes what a statement changed that no event tells of.
    pub(super) fn touch(&mut self, resources: impl IntoIterator<Item = Resource>) {
        let Some(organization) = self.organization else { return };
        self.touched.extend(resources.into_iter().map(|resource| Touched { organization, resource }));
    }

    /// Stamps events with who, where and when, for the outbox.
    pub(super) fn stamp(&mut self, events: Vec<DomainEvent>) {
        for event in events {
            self.touch(Resource::changed_by(&event));
            self.events.push(EventRecord::new(
                self.ids.next_id(),
                &event,
                self.organization,
                self.author.clone(),
                &self.origin,
                self.now,
            ));
        }
    }
}

#[async_trait]
impl UnitOfWork for SqlUnitOfWork {
    async fn enter(&mut self, organization: OrganizationId) -> Result<(), StoreError> {
        self.transaction.enter(organization);
        self.organization = Some(organization);
        Ok(())
    }

    fn act_as(&mut self, user: UserId) {
        let kind = tenon_domain::audit::ActorKind::User.as_str().to_owned();
        self.author = ActorRecord { kind, id: Some(user.uuid()), token: None };
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
        self.author.id.map(UserId::new)
    }

    fn touched(&self) -> Vec<Touched> {
        self.touched.clone()
    }

    async fn commit(mut self: Box<Self>) -> Result<bool, StoreError> {
        let stores_events = !self.events.is_empty();
        if stores_events {
            self.store_events().await?;
        }
        self.transaction.commit().await?;
        Ok(stores_events)
    }
}
