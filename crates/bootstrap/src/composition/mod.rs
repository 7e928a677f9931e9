//! Puts the system together: which adapter stands behind which port is decided here and nowhere else.
//!
//! With Redis, cache, rate limits, relay and queue are shared by any number of processes. Without it they are in
//! process, and the queue is in the database.

mod database;
mod health;
mod links;
mod mailing;
mod migrations;
mod queue;
mod secrets;

use std::sync::Arc;

use tenon_application::documents::Documents;
use tenon_application::events::Outbox;
use tenon_application::idempotency::IdempotencyKeys;
use tenon_application::identity::{
    AccountTokens, Accounts, Authenticator, SecondFactors, SessionDirectory, TokenUses, VerificationKey,
};
use tenon_application::notifications::Deliveries;
use tenon_application::organizations::InvitationTokens;
use tenon_application::ports::{Clock, HealthCheck, IdGenerator, RateLimiter};
use tenon_application::{App, Replica};
use tenon_infrastructure::clock::SystemClock;
use tenon_infrastructure::ids::UuidV7Ids;
use tenon_infrastructure::mail::TemplateRenderer;
use tenon_infrastructure::persistence::{
    Database, DatabaseHealth, SqlAccountRequestArchive, SqlDocumentSource, SqlIdempotencyKeys, SqlOutbox, SqlQueries,
    SqlSessionArchive, SqlSignInChallengeArchive, SqlTokenArchive, SqlTransactions,
};
use tenon_infrastructure::push::NoPushChannels;
use tenon_infrastructure::rate_limit::InProcessRateLimiter;
use tenon_infrastructure::security::{
    Argon2Hasher, BcryptHasher, BoundedPasswordHasher, HasherLimits, PasswordAlgorithm as Hashing, RandomSecretTokens,
    SignedAccountTokens, SignedInvitationTokens, SignedRefreshTokens, TotpCodes,
};
use tenon_infrastructure::telemetry::continue_trace;
use tenon_worker::{Relay, RelaySettings, Schedules, Subscribers, Worker, WorkerSettings};

pub(crate) use self::database::{connect, connect_to_migrate, isolation_trouble};
pub(crate) use self::health::{mail_endpoint, reach, writable};
pub(crate) use self::links::Links;
pub(crate) use self::migrations::Schema;
use self::queue::Queue;
pub(crate) use self::secrets::secret_cipher;
use crate::config::{Config, PasswordAlgorithm, PasswordConfig};
use crate::failure::Failure;

/// The system, ready to serve and to work.
pub struct System {
    pub database: Database,
    pub app: App,
    pub accounts: Accounts,
    pub authenticator: Authenticator,
    /// What others verify access tokens with.
    pub verification_keys: Vec<VerificationKey>,
    pub idempotency: Arc<dyn IdempotencyKeys>,
    pub outbox: Arc<dyn Outbox>,
    pub shared_limiter: Arc<dyn RateLimiter>,
    pub local_limiter: Arc<dyn RateLimiter>,
    pub health: Vec<Arc<dyn HealthCheck>>,
    pub cursor_key: Vec<u8>,
    pub csrf_key: Vec<u8>,
    deliveries: Deliveries,
    links: Links,
    queue: Queue,
}

impl System {
    /// Connects to everything. Migrates the database when it is embedded; otherwise a pending migration is refused.
    pub async fn start(config: &Config, public_url: &str) -> Result<Self, Failure> {
        prepare_data_dir(config)?;
        let secret = secrets::master_secret(config)?;
        let access_tokens = Arc::new(secrets::access_tokens(config, &secret, SystemClock.now())?);
        let database = connect(config).await?;
        let schema = Schema::new(&database);
        if config.embedded() {
            schema.up(None).await?;
        } else {
            schema.require_current().await?;
            database::warn_of_open_rows(&database).await;
        }
        let links = Links::open(config)?;
        let queue = Queue::open(config, UuidV7Ids.next_id()).await?;
        let mailer = mailing::mailer(config).await?;

        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids: Arc<dyn IdGenerator> = Arc::new(UuidV7Ids);
        let queries = SqlQueries::new(database.without_replica()).queries();
        let replica = config.database.read_url.as_ref().map(|_| SqlQueries::new(database.clone()).queries());
        let documents = Documents::new(links.cache.clone(), Arc::new(SqlDocumentSource::new(database.clone())));
        let outbox: Arc<dyn Outbox> = Arc::new(SqlOutbox::new(database.clone()));
        let sessions = SessionDirectory::new(links.cache.clone(), queries.identity.clone())
            .watching(database.availability().clone());
        let app = App {
            transactions: Arc::new(SqlTransactions::new(database.clone(), ids.clone())),
            queries,
            replica: replica.map(|queries| Replica::new(queries, links.cache.clone())),
            documents: if config.cache { documents } else { documents.uncached() },
            sessions: sessions.clone(),
            relay: links.waker.clone(),
            clock: clock.clone(),
            ids,
            tenancy: config.tenancy,
            availability: database.availability().clone(),
        };
        let invitation_tokens: Arc<dyn InvitationTokens> = Arc::new(SignedInvitationTokens::new(&secret, public_url));
        let account_tokens: Arc<dyn AccountTokens> = Arc::new(SignedAccountTokens::new(&secret, public_url));
        let hasher = Arc::new(hasher(config.passwords)?);
        let accounts = Accounts {
            app: app.clone(),
            hasher: hasher.clone(),
            strength: hasher,
            access_tokens: access_tokens.clone(),
            refresh_tokens: Arc::new(SignedRefreshTokens::new(&secret)),
            account_tokens: account_tokens.clone(),
            throttle: links.throttle.clone(),
            secrets: Arc::new(RandomSecretTokens),
            second_factors: SecondFactors {
                codes: Arc::new(TotpCodes),
                cipher: Arc::new(secret_cipher(config)?),
                secrets: Arc::new(RandomSecretTokens),
            },
            invitation_tokens: invitation_tokens.clone(),
            email_verification: config.email_verification,
        };
        let deliveries = Deliveries {
            app: app.clone(),
            outbox: outbox.clone(),
            mailer,
            push: Arc::new(NoPushChannels),
            renderer: Arc::new(TemplateRenderer::new()?),
            invitation_tokens,
            account_tokens,
            public_url: public_url.to_owned(),
        };
        Ok(Self {
            idempotency: Arc::new(SqlIdempotencyKeys::new(database.clone())),
            shared_limiter: links.limiter.clone(),
            local_limiter: Arc::new(InProcessRateLimiter::new()),
            health: health_checks(config, &database, &links, &outbox),
            verification_keys: access_tokens.verification_keys().to_vec(),
            authenticator: Authenticator {
                tokens: access_tokens,
                secrets: accounts.secrets.clone(),
                sessions,
                token_uses: TokenUses::new(Arc::new(SqlTokenArchive::new(database.clone()))),
                clock,
            },
            cursor_key: secret.key("cursors").to_vec(),
            csrf_key: secret.key("csrf").to_vec(),
            database,
            app,
            accounts,
            outbox,
            deliveries,
            links,
            queue,
        })
    }

    /// The worker on this system's stores.
    pub fn worker(&self, config: &Config) -> Worker {
        let clock = self.app.clock.clone();
        Worker {
            relay: Relay {
                outbox: self.outbox.clone(),
                queue: self.queue.push.clone(),
                bell: self.links.bell.clone(),
                clock: clock.clone(),
                availability: self.app.availability.clone(),
                settings: RelaySettings { redeliver_after: config.redeliver_after, ..RelaySettings::default() },
            },
            runner: self.queue.run.clone(),
            subscribers: Arc::new(Subscribers {
                app: self.app.clone(),
                deliveries: self.deliveries.clone(),
                continue_trace,
            }),
            schedules: Schedules {
                runner: self.queue.run.clone(),
                outbox: self.outbox.clone(),
                idempotency_keys: self.idempotency.clone(),
                sessions: Arc::new(SqlSessionArchive::new(self.database.clone())),
                account_requests: Arc::new(SqlAccountRequestArchive::new(self.database.clone())),
                challenges: Arc::new(SqlSignInChallengeArchive::new(self.database.clone())),
                tokens: Arc::new(SqlTokenArchive::new(self.database.clone())),
                clock,
            },
            settings: WorkerSettings { concurrency: config.worker_concurrency, stop_within: config.shutdown },
        }
    }
}

/// Makes the data directory, when something is kept there.
pub(crate) fn prepare_data_dir(config: &Config) -> Result<(), Failure> {
    if !health::uses_data_dir(config) {
        return Ok(());
    }
    let path = config.data_dir.clone();
    std::fs::create_dir_all(&path).map_err(|error| Failure::DataDirectory { path, error })
}

fn hasher(passwords: PasswordConfig) -> Result<BoundedPasswordHasher, Failure> {
    let algorithm = match passwords.algorithm {
        PasswordAlgorithm::Bcrypt => Hashing::Bcrypt(BcryptHasher::new(passwords.bcrypt_cost)?),
        PasswordAlgorithm::Argon2id => Hashing::Argon2id(Argon2Hasher::recommended()?),
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(BoundedPasswordHasher::new(algorithm, HasherLimits::for_cores(cores))?)
}

fn health_checks(
    config: &Config,
    database: &Database,
    links: &Links,
    outbox: &Arc<dyn Outbox>,
) -> Vec<Arc<dyn HealthCheck>> {
    let mut checks: Vec<Arc<dyn HealthCheck>> = vec![Arc::new(DatabaseHealth(database.clone()))];
    checks.extend(links.health.clone());
    checks.push(Arc::new(health::MailHealth::new(config)));
    if health::uses_data_dir(config) {
        checks.push(Arc::new(health::StorageHealth { directory: config.data_dir.clone() }));
    }
    checks.push(Arc::new(health::OutboxHealth { outbox: outbox.clone(), clock: Arc::new(SystemClock) }));
    checks
}
