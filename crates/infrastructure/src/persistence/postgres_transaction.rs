//! A transaction on PostgreSQL, which says what it reaches as it begins, in the same round trip.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use sea_orm::metric::Info;
use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{self, Executor, PgPool, Postgres};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, Values};
use sea_query_sqlx::SqlxValues;
use tenon_application::Scope;
use tenon_domain::{OrganizationId, UserId};
use tokio::sync::Mutex;

use super::connections::measure;
use super::reader::scoped;
use super::transaction::ended;

/// How long a connection has for taking back what was broken off; then it is closed.
const ROLLED_BACK_WITHIN: Duration = Duration::from_secs(1);

/// Dropping it rolls it back.
pub(super) struct PostgresTransaction {
    /// None once it has ended.
    open: Mutex<Option<Open>>,
}

struct Open {
    connection: PoolConnection<Postgres>,
    /// An organization that the database has yet to hear of.
    entered: Option<OrganizationId>,
}

impl Open {
    /// A read tells the database which organization was entered: that costs no round trip, by whose absence one could see
    /// that somebody has no account.
    fn entering(&mut self, statement: Statement) -> Statement {
        match self.entered {
            Some(organization) if statement.sql.starts_with("SELECT ") => {
                self.entered = None;
                scoped(statement, Scope::Organization(organization))
            }
            _ => statement,
        }
    }
}

impl PostgresTransaction {
    /// `user` is whose own rows are in reach besides.
    pub(super) async fn begin(pool: &PgPool, scope: Scope, user: Option<UserId>) -> Result<Self, DbErr> {
        let connection = pool.acquire().await.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
        // From here on it is rolled back, however little of it has happened: sqlx would give a connection back that was
        // dropped half-way through `BEGIN`, and who came next would work in this transaction.
        let begun = Self { open: Mutex::new(Some(Open { connection, entered: None })) };
        begun.execute_unprepared(&opening(scope, user)).await?;
        Ok(begun)
    }

    /// Work across tenants goes on in one of them.
    pub(super) fn enter(&mut self, organization: OrganizationId) {
        if let Some(open) = self.open.get_mut() {
            open.entered = Some(organization);
        }
    }

    pub(super) async fn commit(mut self) -> Result<(), DbErr> {
        let open = self.open.get_mut();
        open.as_mut().ok_or_else(ended)?.connection.execute("COMMIT").await.map_err(refused)?;
        // Nothing is left to be rolled back.
        drop(open.take());
        Ok(())
    }
}

impl Drop for PostgresTransaction {
    fn drop(&mut self) {
        let Some(Open { mut connection, .. }) = self.open.get_mut().take() else { return };
        tokio::spawn(async move {
            // Waits for the answer to a statement that was broken off, too.
            let rolled_back = tokio::time::timeout(ROLLED_BACK_WITHIN, connection.execute("ROLLBACK")).await;
            if !matches!(rolled_back, Ok(Ok(_))) {
                connection.close_on_drop();
            }
        });
    }
}

fn opening(scope: Scope, user: Option<UserId>) -> String {
    let scope = match scope {
        Scope::Organization(organization) => format!("SET LOCAL tenon.org_id = '{}'", organization.uuid()),
        Scope::Deployment => "SET LOCAL tenon.scope = 'deployment'".to_owned(),
    };
    let user = user.map(|user| format!("; SET LOCAL tenon.user_id = '{}'", user.uuid())).unwrap_or_default();
    format!("BEGIN; {scope}{user}")
}

fn query(statement: &Statement) -> Query<'_, Postgres, SqlxValues> {
    let values = statement.values.clone().unwrap_or_else(|| Values(Vec::new()));
    sqlx::query_with(sqlx::AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}

fn refused(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}

/// Runs a statement by a method of the query, and measures it.
macro_rules! run {
    ($transaction:expr, $statement:expr, $method:ident) => {{
        let mut open = $transaction.open.lock().await;
        let open = open.as_mut().ok_or_else(ended)?;
        let statement = open.entering($statement);
        let started = Instant::now();
        let outcome = query(&statement).$method(&mut *open.connection).await;
        measure(&Info { elapsed: started.elapsed(), statement: &statement, failed: outcome.is_err() });
        outcome.map_err(refused)
    }};
}

#[async_trait]
impl ConnectionTrait for PostgresTransaction {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        run!(self, statement, execute).map(ExecResult::from)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut open = self.open.lock().await;
        let connection = &mut open.as_mut().ok_or_else(ended)?.connection;
        connection.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.map(ExecResult::from).map_err(refused)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        run!(self, statement, fetch_optional).map(|row| row.map(QueryResult::from))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        run!(self, statement, fetch_all).map(|rows| rows.into_iter().map(QueryResult::from).collect())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn it_begins_with_what_it_reaches() {
        let (organization, user) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(
            opening(Scope::Organization(organization.into()), Some(user.into())),
            format!("BEGIN; SET LOCAL tenon.org_id = '{organization}'; SET LOCAL tenon.user_id = '{user}'")
        );
        assert_eq!(opening(Scope::Deployment, None), "BEGIN; SET LOCAL tenon.scope = 'deployment'");
    }
}
