//! Row-level security on PostgreSQL: which rows of a table a session reaches, by what it says about itself.
//!
//! `tenon.org_id` names its organization, `tenon.user_id` its user, and `tenon.scope = 'deployment'` says that it works
//! across tenants. A session that says nothing reaches no row. The other databases know nothing of it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DatabaseConnection, DbBackend, Statement};

use crate::lock::locked;

const POLICY: &str = "tenant";
/// Lets in the release before row-level security, whose sessions never heard of `tenon.org_id`. Those of this one begin
/// with an empty one, and are not meant.
const EARLIER_RELEASE: &str = "earlier_release";

// In subqueries, which are answered once for a statement and not for each row.
const DEPLOYMENT: &str = "(SELECT current_setting('tenon.scope', true) = 'deployment')";
const ORGANIZATION: &str = "(SELECT NULLIF(current_setting('tenon.org_id', true), '')::uuid)";
const USER: &str = "(SELECT NULLIF(current_setting('tenon.user_id', true), '')::uuid)";

/// How far the rows of a table reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reach {
    /// To the organization that this column names; across tenants only until an organization is named.
    Tenant(&'static str),
    /// Work across tenants keeps them in reach after it has named an organization.
    Deployment,
    /// The same, and so does the user that this column names, whichever organization they are in.
    User(&'static str),
}

impl Reach {
    /// The condition is nothing that PostgreSQL would estimate: an organization that is compared with twice would count
    /// as twice as rare, and lists would be sorted that come from an index in order.
    fn condition(self) -> String {
        match self {
            Self::Tenant(column) => format!("COALESCE({column} = {ORGANIZATION}, {DEPLOYMENT})"),
            Self::Deployment => format!("CASE WHEN {DEPLOYMENT} THEN true ELSE org_id = {ORGANIZATION} END"),
            Self::User(column) => {
                format!("CASE WHEN {DEPLOYMENT} THEN true ELSE org_id = {ORGANIZATION} OR {column} = {USER} END")
            }
        }
    }
}

/// Row-level security for a table, also for the role that owns it. Every table with a column `org_id` needs it.
pub(crate) async fn isolate(manager: &SchemaManager<'_>, table: &str, reach: Reach) -> Result<(), DbErr> {
    let rows = reach.condition();
    run(
        manager,
        &[
            format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"),
            format!("ALTER TABLE {table} FORCE ROW LEVEL SECURITY"),
            format!("CREATE POLICY {POLICY} ON {table} USING ({rows}) WITH CHECK ({rows})"),
        ],
    )
    .await
}

/// Goes on serving the release before, until [`finish`].
pub(crate) async fn let_earlier_release_in(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let says_nothing = "(SELECT current_setting('tenon.org_id', true)) IS NULL";
    run(manager, &[format!("CREATE POLICY {EARLIER_RELEASE} ON {table} USING ({says_nothing})")]).await
}

/// Takes back what [`isolate`] and [`let_earlier_release_in`] did.
pub(crate) async fn open(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    run(
        manager,
        &[
            format!("DROP POLICY IF EXISTS {EARLIER_RELEASE} ON {table}"),
            format!("DROP POLICY {POLICY} ON {table}"),
            format!("ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"),
            format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"),
        ],
    )
    .await
}

/// A migration works on the rows of all tenants, also as the role that owns the tables.
pub(crate) async fn work_across_tenants(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    run(manager, &["SET LOCAL tenon.scope = 'deployment'".to_owned()]).await
}

/// Takes away what migrations left in place for the release before. Answers from how many tables.
pub async fn finish(connection: &DatabaseConnection) -> Result<usize, DbErr> {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(0);
    }
    let left = format!(
        "SELECT quote_ident(tablename) FROM pg_policies \
         WHERE schemaname = current_schema() AND policyname = '{EARLIER_RELEASE}'"
    );
    let tables = connection.query_all_raw(Statement::from_string(DbBackend::Postgres, left)).await?;
    for row in &tables {
        let table: String = row.try_get_by_index(0)?;
        // Each by itself: a lock on all tables at once would get in the way of requests.
        let drop = format!("DROP POLICY IF EXISTS {EARLIER_RELEASE} ON {table};");
        connection.execute_unprepared(&locked(&[table.as_str()], &drop)).await?;
    }
    Ok(tables.len())
}

async fn run(manager: &SchemaManager<'_>, statements: &[String]) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        for statement in statements {
            manager.get_connection().execute_unprepared(statement).await?;
        }
    }
    Ok(())
}
