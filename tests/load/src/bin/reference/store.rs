//! The connections, with the settings of Tenon's own.

use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};

pub(crate) struct Store {
    pub(crate) reader: DatabaseConnection,
    writer: DatabaseConnection,
}

impl Store {
    pub(crate) async fn open(url: &str) -> Result<Self, DbErr> {
        if !url.starts_with("sqlite:") {
            let pool = Database::connect(options(url, 16)).await?;
            return Ok(Self { reader: pool.clone(), writer: pool });
        }
        let [mut reader, mut writer] = [options(url, 4), options(url, 1)];
        reader.map_sqlx_sqlite_opts(sqlite_pragmas);
        writer.map_sqlx_sqlite_opts(sqlite_pragmas);
        Ok(Self { writer: Database::connect(writer).await?, reader: Database::connect(reader).await? })
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
    }

    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        if self.backend() != DbBackend::Sqlite {
            return self.writer.begin().await;
        }
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.writer.begin_with_options(options).await
    }
}

fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(30))
        .sqlx_logging(false)
        .test_before_acquire(false);
    options
}

fn sqlite_pragmas(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(true)
        .pragma("temp_store", "memory")
        .pragma("cache_size", "-8192")
}
