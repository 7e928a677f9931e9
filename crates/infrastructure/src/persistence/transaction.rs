//! Where statements that change something run.

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};
use tenon_application::StoreError;
use tenon_domain::OrganizationId;

use super::error::Stored;
use super::group_commit::Share;
use super::postgres_transaction::PostgresTransaction;

/// A transaction on the primary. Dropping it rolls it back.
pub(super) enum Transaction {
    /// One of its own, on MySQL.
    Own(DatabaseTransaction),
    /// One of its own, on PostgreSQL, where it says what it reaches.
    Scoped(PostgresTransaction),
    /// A share of one, on SQLite.
    Shared(Share),
    /// None at all, on a server: a single statement needs none, and commits itself. It reaches no tenant's rows.
    Single(DatabaseConnection),
}

impl Transaction {
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Own(transaction) => transaction.commit().await.stored(),
            Self::Scoped(transaction) => transaction.commit().await.stored(),
            Self::Shared(share) => share.commit().await,
            Self::Single(_) => Ok(()),
        }
    }

    /// Work across tenants goes on in one of them, for the database too.
    pub(super) fn enter(&mut self, organization: OrganizationId) {
        if let Self::Scoped(transaction) = self {
            transaction.enter(organization);
        }
    }
}

pub(super) fn ended() -> DbErr {
    DbErr::Custom("the transaction has ended".to_owned())
}

/// Calls a method of whatever the statements run on.
macro_rules! on {
    ($transaction:expr, $call:ident($argument:expr)) => {
        match $transaction {
            Self::Own(transaction) => transaction.$call($argument).await,
            Self::Scoped(transaction) => transaction.$call($argument).await,
            Self::Shared(share) => share.transaction().ok_or_else(ended)?.$call($argument).await,
            Self::Single(connection) => connection.$call($argument).await,
        }
    };
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Own(transaction) => transaction.get_database_backend(),
            Self::Scoped(transaction) => transaction.get_database_backend(),
            Self::Shared(_) => DbBackend::Sqlite,
            Self::Single(connection) => connection.get_database_backend(),
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        on!(self, execute_raw(statement))
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        on!(self, execute_unprepared(sql))
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        on!(self, query_one_raw(statement))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        on!(self, query_all_raw(statement))
    }
}
