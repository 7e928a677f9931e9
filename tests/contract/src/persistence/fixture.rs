//! The application on a fresh database, and the people the tests speak of.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use sea_orm::{ConnectOptions, DatabaseConnection, DbBackend};
use tenon_application::documents::Documents;
use tenon_application::idempotency::IdempotencyKeys;
use tenon_application::identity::{EmailVerification, Register, SessionDirectory};
use tenon_application::ports::{Cache, Clock, IdGenerator, RelayWaker};
use tenon_application::projects::{CreateProject, ProjectView};
pub(super) use tenon_application::samples::new_task;
use tenon_application::tasks::TaskView;
use tenon_application::{Actor, App, Origin, Queries, Scope, Tenancy, Transactions, UnitOfWork, Viewer};
use tenon_domain::access::{OrganizationRole, Visibility};
use tenon_domain::identity::{Client, DisplayName, Email, PasswordHash, TokenHash, User};
use tenon_domain::organizations::{Member, OrganizationName};
use tenon_domain::projects::{ProjectKey, ProjectName};
use tenon_domain::{ProjectId, SessionId, Timestamp};
use tenon_infrastructure::cache::InProcessCache;
use tenon_infrastructure::ids::UuidV7Ids;
use tenon_infrastructure::persistence::{
    Database, DatabaseSettings, SqlDocumentSource, SqlIdempotencyKeys, SqlOutbox, SqlQueries, SqlTransactions,
};
use tenon_infrastructure::security::{KeyedAddressDigests, MasterSecret};
use tenon_migrations::{Migrator, MigratorTrait};
use uuid::Uuid;

use super::databases::TestDatabase;

/// A clock that stands still until it is moved.
pub(super) struct StandingClock(AtomicI64);

impl StandingClock {
    pub(super) fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Counts how often the relay was woken.
#[derive(Default)]
pub(super) struct CountingWaker(pub(super) AtomicUsize);

impl RelayWaker for CountingWaker {
    fn wake(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Somebody who is signed in to an organization.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) viewer: Viewer,
    pub(super) session: SessionId,
    pub(super) actor: Actor,
}

impl Person {
    fn new(viewer: Viewer, session: SessionId) -> Self {
        Self { viewer, session, actor: Actor::user(viewer, session, Origin::default()) }
    }

    /// The same user as they would act in another organization, were they let in.
    pub(super) fn intruding(&self, there: &Person) -> Viewer {
        Viewer { organization: there.viewer.organization, ..self.viewer }
    }
}

pub(super) struct Fixture {
    pub(super) database: Database,
    pub(super) transactions: Arc<dyn Transactions>,
    pub(super) queries: Queries,
    pub(super) outbox: SqlOutbox,
    pub(super) keys: Arc<dyn IdempotencyKeys>,
    pub(super) app: App,
    pub(super) clock: Arc<StandingClock>,
    pub(super) woken: Arc<CountingWaker>,
    /// Makes the schema, and reaches every row: not as the role of the application, where there are roles.
    pub(super) operator: DatabaseConnection,
    /// Last, so that it is dropped after the connections to it.
    home: TestDatabase,
}

impl Fixture {
    pub(super) async fn new(kind: &str) -> Self {
        let fixture = Self::without_schema(kind).await;
        Migrator::up(&fixture.operator, None).await.unwrap();
        fixture
    }

    pub(super) async fn without_schema(kind: &str) -> Self {
        let home = TestDatabase::create(kind).await;
        let settings = DatabaseSettings {
            max_connections: 8,
            acquire_timeout: Duration::from_secs(20),
            ..DatabaseSettings::new(home.url())
        };
        let database = Database::connect(&settings).await.unwrap();
        let operator = match database.backend() {
            DbBackend::Postgres => one_connection(&home.operator_url()).await,
            _ => database.connection().clone(),
        };
        let ids: Arc<dyn IdGenerator> = Arc::new(UuidV7Ids);
        let clock = Arc::new(StandingClock(AtomicI64::new(1_795_253_400_123)));
        let woken = Arc::new(CountingWaker::default());
        let transactions: Arc<dyn Transactions> = Arc::new(SqlTransactions::new(database.clone(), Arc::clone(&ids)));
        let queries = SqlQueries::new(database.clone()).queries();
        let cache: Arc<dyn Cache> = Arc::new(InProcessCache::default());
        let source = Arc::new(SqlDocumentSource::new(database.clone()));
        let app = App {
            availability: tenon_application::ports::Availability::always(),
            transactions: Arc::clone(&transactions),
            queries: queries.clone(),
            replica: None,
            documents: Documents::new(Arc::clone(&cache), source),
            sessions: SessionDirectory::new(cache, Arc::clone(&queries.identity)),
            relay: Arc::clone(&woken) as Arc<dyn RelayWaker>,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ids,
            addresses: Arc::new(KeyedAddressDigests::new(&MasterSecret::new(&[7; 32]).unwrap())),
            tenancy: Tenancy::Multi,
            session_max_age: TimeDelta::days(90),
        };
        Self {
            outbox: SqlOutbox::new(database.clone()),
            keys: Arc::new(SqlIdempotencyKeys::new(database.clone())),
            database,
            transactions,
            queries,
            app,
            clock,
            woken,
            operator,
            home,
        }
    }

    /// As whom, and where, the application connects.
    pub(super) fn url(&self) -> String {
        self.home.url()
    }

    pub(super) fn superuser_url(&self) -> String {
        self.home.superuser_url()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn id<T: From<Uuid>>(&self) -> T {
        self.app.ids.next_id().into()
    }

    /// A unit of work in the person's organization.
    pub(super) async fn unit(&self, person: &Person) -> Box<dyn UnitOfWork> {
        let scope = Scope::Organization(person.viewer.organization);
        self.transactions.begin(scope, &person.actor, self.now()).await.unwrap()
    }

    /// A unit of work in no organization.
    pub(super) async fn deployment(&self) -> Box<dyn UnitOfWork> {
        let actor = Actor::anonymous(Origin::default());
        self.transactions.begin(Scope::Deployment, &actor, self.now()).await.unwrap()
    }

    /// Registers a user, who becomes the owner of a new organization.
    pub(super) async fn found(&self, name: &str) -> Person {
        let register = Register {
            email: email(name),
            display_name: DisplayName::parse(name).unwrap(),
            password_hash: PasswordHash::new("hash".into()),
            organization_name: OrganizationName::parse(&format!("{name}'s organization")).unwrap(),
            session: self.id(),
            refresh_hash: TokenHash::new(format!("refresh of {name}")),
            client: Client::default(),
            verification: EmailVerification::Off,
        };
        let grant = self.app.execute(&Actor::anonymous(Origin::default()), register).await.unwrap();
        let viewer = Viewer::new(grant.user.id, grant.organization.id, grant.organization.role);
        Person::new(viewer, grant.session)
    }

    /// Adds a new user to an organization.
    pub(super) async fn join(&self, host: &Person, name: &str, role: OrganizationRole) -> Person {
        let user = self.user(name);
        let id = user.state().id;
        let mut unit = self.unit(host).await;
        unit.users().save(user).await.unwrap();
        let member = Member::join(id, name.to_owned(), role, None, self.now());
        unit.members().save(member).await.unwrap();
        unit.commit().await.unwrap();
        Person::new(Viewer::new(id, host.viewer.organization, role), self.id())
    }

    pub(super) fn user(&self, name: &str) -> User {
        let hash = PasswordHash::new("hash".into());
        User::register(self.id(), email(name), DisplayName::parse(name).unwrap(), hash, self.now())
    }

    pub(super) async fn project(&self, by: &Person, key: &str, visibility: Visibility) -> ProjectView {
        let create = CreateProject {
            key: ProjectKey::parse(key).unwrap(),
            name: ProjectName::parse(&format!("Project {key}")).unwrap(),
            description: None,
            visibility,
            lead_id: None,
        };
        self.app.execute(&by.actor, create).await.unwrap()
    }

    pub(super) async fn task(&self, by: &Person, project: ProjectId, title: &str) -> TaskView {
        self.app.execute(&by.actor, new_task(project, title)).await.unwrap()
    }
}

/// One connection, so that what is set on it holds for what follows.
pub(super) async fn one_connection(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.unwrap()
}

pub(super) fn email(name: &str) -> Email {
    Email::parse(&format!("{name}@example.com")).unwrap()
}
