//! The connections.

use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode,
    TransactionOptions, TransactionTrait, sqlx,
};
use tenon_application::StoreError;
use tenon_application::ports::HealthCheck;

use super::error::Stored;

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
    /// Reads that must see what was just committed.
    primary: DatabaseConnection,
    /// Reads that may lag behind a little.
    replica: DatabaseConnection,
}

impl Database {
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        let is_sqlite = settings.url.starts_with("sqlite:");
        let (writer, primary) = if is_sqlite {
            let writer = open(sqlite_options(settings, 1)).await?;
            let mut readers = sqlite_options(settings, settings.max_connections.max(1));
            readers.map_sqlx_sqlite_opts(|options| sqlite_pragmas(options).pragma("query_only", "on"));
            (writer, open(readers).await?)
        } else {
            let pool = open(server_options(settings, &settings.url)).await?;
            (pool.clone(), pool)
        };
        let replica = match &settings.read_url {
            Some(url) => open(server_options(settings, url)).await?,
            None => primary.clone(),
        };
        Ok(Self { writer, primary, replica })
    }

    pub fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
    }

    /// For migrations and checks.
    pub fn connection(&self) -> &DatabaseConnection {
        &self.writer
    }

    pub(super) fn primary(&self) -> &DatabaseConnection {
        &self.primary
    }

    pub(super) fn replica(&self) -> &DatabaseConnection {
        &self.replica
    }

    pub(super) async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        if self.backend() != DbBackend::Sqlite {
            return self.writer.begin().await.stored();
        }
        // Taking the write lock first: a transaction that reads and then writes could otherwise fail half-way.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.writer.begin_with_options(options).await.stored()
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

async fn open(options: ConnectOptions) -> Result<DatabaseConnection, StoreError> {
    let mut connection = sea_orm::Database::connect(options).await.stored()?;
    connection.set_metric_callback(|info| {
        let statement = statement_kind(&info.statement.sql);
        metrics::histogram!("database_query_duration_seconds", "statement" => statement)
            .record(info.elapsed.as_secs_f64());
    });
    Ok(connection)
}

/// The bounded label under which a statement is measured.
fn statement_kind(sql: &str) -> &'static str {
    match sql.trim_start().split_once(' ').map(|(verb, _)| verb) {
        Some("SELECT") => "select",
        Some("INSERT") => "insert",
        Some("UPDATE") => "update",
        Some("DELETE") => "delete",
        _ => "other",
    }
}

fn pool_options(settings: &DatabaseSettings, url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(settings.acquire_timeout)
        .connect_timeout(settings.acquire_timeout)
        .sqlx_logging(false)
        // A ping before each use would double the round trips of a read; a connection that idled is still tested.
        .test_before_acquire(false)
        .test_before_acquire_if_idle_for(Duration::from_secs(5));
    options
}

fn sqlite_options(settings: &DatabaseSettings, connections: u32) -> ConnectOptions {
    let mut options = pool_options(settings, &settings.url, connections);
    options.idle_timeout(None).max_lifetime(None).test_before_acquire_if_idle_for(Duration::from_secs(3600));
    options.map_sqlx_sqlite_opts(sqlite_pragmas);
    options
}

fn sqlite_pragmas(options: sqlx::sqlite::SqliteConnectOptions) -> sqlx::sqlite::SqliteConnectOptions {
    use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
    options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // What was answered must survive a power cut, not only a crash of the process.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(true)
        .pragma("temp_store", "memory")
        .pragma("cache_size", "-8192")
}

fn server_options(settings: &DatabaseSettings, url: &str) -> ConnectOptions {
    let mut options = pool_options(settings, url, settings.max_connections.max(2));
    // A statement that hangs must not keep its connection from all others.
    options.map_sqlx_postgres_opts(|options| {
        options.options([
            ("statement_timeout", "30000"),
            ("lock_timeout", "5000"),
            ("idle_in_transaction_session_timeout", "30000"),
        ])
    });
    options.map_sqlx_mysql_pool_opts(|pool| {
        pool.after_connect(|connection, _| {
            Box::pin(async move {
                use sqlx::Executor;
                // The same isolation as on PostgreSQL: versions are checked, not snapshots.
                connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
                connection.execute("SET SESSION innodb_lock_wait_timeout = 5").await?;
                Ok(())
            })
        })
    });
    options
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
