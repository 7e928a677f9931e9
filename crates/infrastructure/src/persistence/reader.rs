//! Where statements run that only read.
//!
//! On PostgreSQL each of them says what it reaches as it runs, in the same round trip, and the connection forgets it with
//! the statement. So there is nothing to reset, whatever becomes of a request: a connection in the pool reaches no row.

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement, Value, Values,
};
use tenon_application::Scope;

/// A pool, as far as it may be read for one tenant, or for the whole deployment.
pub(super) struct Reader<'a> {
    pub(super) connection: &'a DatabaseConnection,
    pub(super) scope: Scope,
}

impl Reader<'_> {
    fn scoped(&self, statement: Statement) -> Statement {
        match self.connection.get_database_backend() {
            DbBackend::Postgres => scoped(statement, self.scope),
            _ => statement,
        }
    }
}

/// A read inside another one, which says what it reaches: until the transaction ends that it is part of, or is by itself.
///
/// A condition that names no column is decided once, before anything below it is read, as it may spare all of that: in
/// the plan it is the one-time filter of a `Result`. `OFFSET 0` keeps what is below a plan of its own, so that no part of
/// it can come first. If one did all the same, it would find no row.
pub(super) fn scoped(mut statement: Statement, scope: Scope) -> Statement {
    let set = match scope {
        Scope::Organization(organization) => {
            let values = &mut statement.values.get_or_insert_with(|| Values(Vec::new())).0;
            values.push(Value::from(organization.uuid().to_string()));
            format!("set_config('tenon.org_id', ${}, true)", values.len())
        }
        Scope::Deployment => "set_config('tenon.scope', 'deployment', true)".to_owned(),
    };
    statement.sql = format!(
        "SELECT \"found\".* FROM (SELECT * FROM ({}) AS \"asked\" OFFSET 0) AS \"found\" \
         WHERE (SELECT {set}) IS NOT NULL",
        statement.sql
    );
    statement
}

#[async_trait]
impl ConnectionTrait for Reader<'_> {
    fn get_database_backend(&self) -> DbBackend {
        self.connection.get_database_backend()
    }

    async fn execute_raw(&self, _: Statement) -> Result<ExecResult, DbErr> {
        Err(only_reads())
    }

    async fn execute_unprepared(&self, _: &str) -> Result<ExecResult, DbErr> {
        Err(only_reads())
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.connection.query_one_raw(self.scoped(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.connection.query_all_raw(self.scoped(statement)).await
    }
}

fn only_reads() -> DbErr {
    DbErr::Custom("a reader was told to write".to_owned())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_organization_is_one_value_more() {
        let asked = Statement::from_sql_and_values(DbBackend::Postgres, "SELECT $1", [Value::from(7)]);
        let organization = Uuid::from_u128(1);
        let scoped = scoped(asked, Scope::Organization(organization.into()));
        assert!(scoped.sql.contains("(SELECT $1)") && scoped.sql.contains("set_config('tenon.org_id', $2, true)"));
        assert_eq!(scoped.values.unwrap().0, [Value::from(7), Value::from(organization.to_string())]);
    }

    #[test]
    fn work_across_tenants_takes_no_value() {
        let asked = Statement::from_string(DbBackend::Postgres, "SELECT 1");
        let scoped = scoped(asked, Scope::Deployment);
        assert!(scoped.sql.contains("set_config('tenon.scope', 'deployment', true)"), "{}", scoped.sql);
        assert_eq!(scoped.values, None);
    }
}
