//! The connections.

use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, TransactionTrait};
use tenon_application::ports::{Availability, HealthCheck};
use tenon_application::{Scope, StoreError};
use tenon_domain::UserId;

use super::backup::Occupancy;
use super::connections::{measure, open, server_options, sqlite_options, sqlite_pragmas};
use super::error::Stored;
use super::group_commit::GroupCommit;
use super::postgres_transaction::PostgresTransaction;
use super::reader::Reader;
use super::transaction::Transaction;
use super::watch::DatabaseWatch;

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// `sqlite:<path>`, `postgres://…` or `mysql://…`.
    pub url: String,
    /// A replica for queries.
    pub read_url: Option<String>,
    pub max_connections: u32,
    /// How long a request waits for a connection before it is answered 503.
    pub acquire_timeout: Duration,
}

impl DatabaseSettings {
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), read_url: None, max_connections: 16, acquire_timeout: Duration::from_secs(3) }
    }
}

/// The connections of a process. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    /// Where units of work run. On SQLite a single connection, because there is a single writer at a time.
    writer: DatabaseConnection,
    /// On SQLite, who wants to write stands in line here.
    group_commit: Option<GroupCommit>,
    /// Reads that must see what was just committed.
    primary: DatabaseConnection,
    /// Reads that may lag behind a little.
    replica: DatabaseConnection,
    watch: DatabaseWatch,
    /// Keeps a restore from replacing a database that is in use.
    _occupancy: Option<Occupancy>,
}

impl Database {
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        let watch = DatabaseWatch::start(&settings.url)?;
        let is_sqlite = settings.url.starts_with("sqlite:");
        let occupancy = if is_sqlite { Occupancy::shared(&settings.url)? } else { None };
        let (writer, primary) = if is_sqlite {
            let writer = open(sqlite_options(settings, 1)).await?;
            let mut readers = sqlite_options(settings, settings.max_connections.max(1));
            readers.map_sqlx_sqlite_opts(|options| sqlite_pragmas(options).pragma("query_only", "on"));
            (writer, open(readers).await?)
        } else {
            let pool = open(server_options(settings, &settings.url, watch.availability())).await?;
            (pool.clone(), pool)
        };
        let replica = match &settings.read_url {
            // When the replica is away, only it is: its connections are not judged by the primary.
            Some(url) => open(server_options(settings, url, &Availability::always())).await?,
            None => primary.clone(),
        };
        let group_commit = is_sqlite.then(|| GroupCommit::start(writer.clone(), settings.acquire_timeout));
        Ok(Self { writer, group_commit, primary, replica, watch, _occupancy: occupancy })
    }

    pub fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
    }

    /// Shows `observer` every statement that queries run: how many there are, and how they are planned, is tested.
    #[must_use]
    pub fn observed(mut self, observer: impl Fn(&sea_orm::Statement) + Send + Sync + 'static) -> Self {
        let observer = std::sync::Arc::new(observer);
        for connection in [&mut self.primary, &mut self.replica] {
            let observer = std::sync::Arc::clone(&observer);
            connection.set_metric_callback(move |info| {
                measure(info);
                observer(info.statement);
            });
        }
        self
    }

    pub fn availability(&self) -> &Availability {
        self.watch.availability()
    }

    /// For migrations and checks: it reaches no tenant's rows. What changes data goes through [`Database::begin`] or
    /// [`Database::single`], what reads them through [`Database::primary`] or [`Database::replica`].
    pub fn connection(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Reads that must see what was just committed, of one tenant or across all.
    pub(super) fn primary(&self, scope: impl Into<Scope>) -> Reader<'_> {
        Reader { connection: &self.primary, scope: scope.into() }
    }

    /// Reads that may lag behind a little, of one tenant or across all.
    pub(super) fn replica(&self, scope: impl Into<Scope>) -> Reader<'_> {
        Reader { connection: &self.replica, scope: scope.into() }
    }

    /// For checks of what [`Database::replica`] reads through: the primary's where there is no replica.
    pub(super) fn replica_connection(&self) -> &DatabaseConnection {
        &self.replica
    }

    /// The same database without its replica: every read sees what was committed before it.
    #[must_use]
    pub fn without_replica(&self) -> Self {
        Self { replica: self.primary.clone(), ..self.clone() }
    }

    /// `user` is who acts: on PostgreSQL their own rows are in reach besides those of the scope.
    pub(super) async fn begin(&self, scope: Scope, user: Option<UserId>) -> Result<Transaction, StoreError> {
        match &self.group_commit {
            Some(group_commit) => group_commit.begin().await.map(Transaction::Shared),
            None if self.backend() == DbBackend::Postgres => {
                let pool = self.writer.get_postgres_connection_pool();
                PostgresTransaction::begin(pool, scope, user).await.stored().map(Transaction::Scoped)
            }
            None => self.writer.begin().await.stored().map(Transaction::Own),
        }
    }

    /// Where to run a single statement, or several that need not happen together, on a table that belongs to no tenant.
    /// It must be committed all the same.
    pub(super) async fn single(&self) -> Result<Transaction, StoreError> {
        match &self.group_commit {
            Some(group_commit) => group_commit.begin().await.map(Transaction::Shared),
            None => Ok(Transaction::Single(self.writer.clone())),
        }
    }

    /// Sets the gauge `database_pool_connections` from the pools as they are now.
    pub fn report_pools(&self) {
        for (pool, connection) in [("writer", &self.writer), ("primary", &self.primary), ("replica", &self.replica)] {
            let (size, idle) = match connection.get_database_backend() {
                DbBackend::Postgres => {
                    let pool = connection.get_postgres_connection_pool();
                    (pool.size(), pool.num_idle())
                }
                DbBackend::MySql => {
                    let pool = connection.get_mysql_connection_pool();
                    (pool.size(), pool.num_idle())
                }
                _ => {
                    let pool = connection.get_sqlite_connection_pool();
                    (pool.size(), pool.num_idle())
                }
            };
            let idle = u32::try_from(idle).unwrap_or(size);
            metrics::gauge!("database_pool_connections", "pool" => pool, "state" => "idle").set(f64::from(idle));
            metrics::gauge!("database_pool_connections", "pool" => pool, "state" => "used")
                .set(f64::from(size.saturating_sub(idle)));
        }
    }

    pub async fn close(&self) {
        for connection in [&self.writer, &self.primary, &self.replica] {
            if let Err(error) = connection.close_by_ref().await {
                tracing::warn!(%error, "closing a database pool");
            }
        }
    }
}

/// Whether the database answers.
pub struct DatabaseHealth(pub Database);

#[async_trait]
impl HealthCheck for DatabaseHealth {
    fn name(&self) -> &'static str {
        "database"
    }

    fn required(&self) -> bool {
        true
    }

    async fn check(&self) -> Result<(), String> {
        // A server is watched, over a connection of its own: a pool that is in full use is no reason to be replaced.
        if self.0.backend() != DbBackend::Sqlite {
            return if self.0.availability().is_away() { Err("the database is away".to_owned()) } else { Ok(()) };
        }
        let ping = tokio::time::timeout(Duration::from_secs(2), self.0.primary.execute_unprepared("SELECT 1")).await;
        match ping {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the database does not answer");
                Err("the database does not answer".to_owned())
            }
            Err(_) => Err("the database does not answer within 2 s".to_owned()),
        }
    }
}
