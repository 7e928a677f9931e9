//! How connections are opened, and what is set on each.

use std::time::Duration;

use sea_orm::{ConnectOptions, DatabaseConnection, sqlx};
use tenon_application::StoreError;
use tenon_application::ports::Availability;

use super::database::DatabaseSettings;
use super::error::Stored;

pub(super) async fn open(options: ConnectOptions) -> Result<DatabaseConnection, StoreError> {
    let mut connection = sea_orm::Database::connect(options).await.stored()?;
    connection.set_metric_callback(measure);
    Ok(connection)
}

pub(super) fn measure(info: &sea_orm::metric::Info<'_>) {
    let statement = statement_kind(&info.statement.sql);
    metrics::histogram!("database_query_duration_seconds", "statement" => statement).record(info.elapsed.as_secs_f64());
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

pub(super) fn sqlite_options(settings: &DatabaseSettings, connections: u32) -> ConnectOptions {
    let mut options = pool_options(settings, &settings.url, connections);
    options.idle_timeout(None).max_lifetime(None).test_before_acquire_if_idle_for(Duration::from_secs(3600));
    options.map_sqlx_sqlite_opts(sqlite_pragmas);
    options
}

pub(super) fn sqlite_pragmas(options: sqlx::sqlite::SqliteConnectOptions) -> sqlx::sqlite::SqliteConnectOptions {
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

pub(super) fn server_options(settings: &DatabaseSettings, url: &str, availability: &Availability) -> ConnectOptions {
    let mut options = pool_options(settings, url, settings.max_connections.max(2));
    // A statement that hangs must not keep its connection from all others.
    options.map_sqlx_postgres_opts(|options| {
        // Lists of ids have many lengths, each a statement of its own.
        options.statement_cache_capacity(256).options([
            ("statement_timeout", "30000"),
            ("lock_timeout", "5000"),
            ("idle_in_transaction_session_timeout", "30000"),
            // A connection reaches no tenant's row until it is told which, whatever its role or its URL has set.
            ("tenon.org_id", ""),
            ("tenon.user_id", ""),
            ("tenon.scope", ""),
        ])
    });
    // Before a connection is idle again sqlx asks whether it works, with no limit: one that got stuck when the server
    // went away would keep its place in the pool. It is closed instead.
    let on_postgres = availability.clone();
    options.map_sqlx_postgres_pool_opts(move |pool| {
        let availability = on_postgres.clone();
        pool.after_release(move |_, _| {
            let usable = !availability.is_away();
            Box::pin(async move { Ok(usable) })
        })
    });
    let on_mysql = availability.clone();
    options.map_sqlx_mysql_pool_opts(move |pool| {
        let availability = on_mysql.clone();
        let pool = pool.after_release(move |_, _| {
            let usable = !availability.is_away();
            Box::pin(async move { Ok(usable) })
        });
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
