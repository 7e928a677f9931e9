//! Puts the system together: which adapter stands behind which port is decided here and nowhere else.
//!
//! With Redis, cache, rate limits, relay and queue are shared by any number of processes. Without it they are in
//! process, and the queue is in the database.

mod app;
mod database;
mod health;
mod issuers;
mod links;
mod mailing;
mod migrations;
mod passkeys;
mod queue;
mod secrets;
mod single_sign_on;

use std::sync::Arc;

use tenon_application::App;
use tenon_application::events::Outbox;
use tenon_application::idempotency::IdempotencyKeys;
use tenon_application::identity::{
    AccountTokens, Accounts, Authenticator, Passkeys, SecondFactors, SingleSignOn, TokenUses, VerificationKey,
};
use tenon_application::notifications::Deliveries;
use tenon_application::organizations::{Domains, InvitationTokens, LookupsUnderWay};
use tenon_application::ports::{Clock, HealthCheck, IdGenerator, RateLimiter};
use tenon_infrastructure::clock::SystemClock;
use tenon_infrastructure::dns::DnsTxtRecords;
use tenon_infrastructure::ids::UuidV7Ids;
use tenon_infrastructure::mail::TemplateRenderer;
use tenon_infrastructure::outbound::OutboundHttp;
use tenon_infrastructure::persistence::{
    Database, SqlAccountRequestArchive, SqlDomainArchive, SqlIdempotencyKeys, SqlOutbox, SqlPasskeyCeremonyArchive,
    SqlSessionArchive, SqlSignInChallengeArchive, SqlSignInCodeArchive, SqlTokenArchive,
};
use tenon_infrastructure::push::NoPushChannels;
use tenon_infrastructure::security::{
    RandomSecretTokens, SignedAccountTokens, SignedInvitationTokens, SignedRefreshTokens, TotpCodes,
};
use tenon_infrastructure::telemetry::continue_trace;
use tenon_worker::{Relay, RelaySettings, Schedules, Subscribers, Worker, WorkerSettings};

pub(crate) use self::app::app;
pub(crate) use self::database::{connect, connect_to_migrate, isolation_trouble};
pub(crate) use self::health::{mail_endpoint, reach, writable};
pub(crate) use self::issuers::token_issuers;
pub(crate) use self::links::Links;
pub(crate) use self::migrations::Schema;
pub(crate) use self::passkeys::passkey_verifier;
use self::queue::Queue;
pub(crate) use self::secrets::secret_cipher;
use crate::config::Config;
use crate::failure::Failure;

/// The system, ready to serve and to work.
pub struct System {
    pub database: Database,
    pub app: App,
    pub accounts: Accounts,
    pub domains: Domains,
    pub single_sign_on: SingleSignOn,
    pub authenticator: Authenticator,
    /// What others verify access tokens with.
    pub verification_keys: Vec<VerificationKey>,
    pub idempotency: Arc<dyn IdempotencyKeys>,
    pub outbox: Arc<dyn Outbox>,
    pub limiter: Arc<dyn RateLimiter>,
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

        let outbox: Arc<dyn Outbox> = Arc::new(SqlOutbox::new(database.clone()));
        let app = app(config, &database, &links)?;
        let invitation_tokens: Arc<dyn InvitationTokens> = Arc::new(SignedInvitationTokens::new(&secret, public_url));
        let account_tokens: Arc<dyn AccountTokens> = Arc::new(SignedAccountTokens::new(&secret, public_url));
        let hasher = Arc::new(secrets::hasher(config.passwords)?);
        let cipher = Arc::new(secret_cipher(config)?);
        let outbound = OutboundHttp::new(config.outbound)?;
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
                cipher: cipher.clone(),
                secrets: Arc::new(RandomSecretTokens),
            },
            passkeys: Passkeys {
                verifier: Arc::new(passkey_verifier(config, public_url)?),
                cipher,
                secrets: Arc::new(RandomSecretTokens),
            },
            invitation_tokens: invitation_tokens.clone(),
            email_verification: config.email_verification,
        };
        let domains = Domains {
            app: app.clone(),
            records: Arc::new(DnsTxtRecords::new(&config.dns_servers)),
            secrets: Arc::new(RandomSecretTokens),
            archive: Arc::new(SqlDomainArchive::new(database.clone())),
            lookups: LookupsUnderWay::default(),
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
            limiter: links.limiter.clone(),
            health: health::checks(config, &database, &links, &outbox),
            single_sign_on: single_sign_on::single_sign_on(config, outbound.clone(), &accounts, public_url)?,
            verification_keys: access_tokens.verification_keys().to_vec(),
            authenticator: Authenticator {
                tokens: access_tokens,
                external: issuers::external_tokens(config, &outbound),
                secrets: accounts.secrets.clone(),
                sessions: app.sessions.clone(),
                token_uses: TokenUses::new(Arc::new(SqlTokenArchive::new(database.clone()))),
                clock: app.clock.clone(),
            },
            cursor_key: secret.key("cursors").to_vec(),
            csrf_key: secret.key("csrf").to_vec(),
            database,
            app,
            accounts,
            domains,
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
                ceremonies: Arc::new(SqlPasskeyCeremonyArchive::new(self.database.clone())),
                sign_in_codes: Arc::new(SqlSignInCodeArchive::new(self.database.clone())),
                tokens: Arc::new(SqlTokenArchive::new(self.database.clone())),
                domains: self.domains.clone(),
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
