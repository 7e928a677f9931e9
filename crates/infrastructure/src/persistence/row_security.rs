use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use tenon_application::StoreError;

use super::Database;
use super::error::Stored;

/// Whether PostgreSQL itself keeps tenants apart; its policies are in the migrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowSecurity {
    /// As whom this process connects. Where only the replica is reached as a role that bypasses it, that one.
    pub role: String,
    /// Superusers, and roles with BYPASSRLS, reach every row whatever the policies say.
    pub bypassed: bool,
    /// How many tables hold rows of tenants.
    pub tables: usize,
    /// Those of them that are not closed: not even to their owner, and by the one policy.
    pub open: Vec<String>,
    /// Whether sessions that name no organization are still let in, for the release before row-level security.
    pub lets_earlier_release_in: bool,
}

const ROLE: &str = "SELECT current_user::text AS role, rolsuper OR rolbypassrls AS bypassed \
    FROM pg_roles WHERE rolname = current_user";

/// A second policy would widen the first.
const TABLES: &str = "SELECT c.relname::text AS name, \
    c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid \
        AND p.polname = 'tenant' AND p.polcmd = '*' AND p.polroles = '{0}' \
        AND pg_get_expr(p.polqual, p.polrelid) LIKE '%tenon.org_id%' \
        AND pg_get_expr(p.polwithcheck, p.polrelid) LIKE '%tenon.org_id%') \
      AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive \
        AND p.polname NOT IN ('tenant', 'earlier_release')) AS closed, \
    EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'earlier_release') AS lenient \
    FROM pg_class c INNER JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND (c.relname = 'organizations' \
        OR EXISTS (SELECT 1 FROM pg_attribute a \
            WHERE a.attrelid = c.oid AND a.attname = 'org_id' AND NOT a.attisdropped)) \
    ORDER BY c.relname";

/// As whom these connections are, and whether that bypasses row-level security.
async fn role_of(connection: &DatabaseConnection) -> Result<(String, bool), StoreError> {
    let role = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, ROLE)).await.stored()?;
    let role = role.ok_or_else(|| DbErr::RecordNotFound("the role of this session".to_owned())).stored()?;
    Ok((role.try_get("", "role").stored()?, role.try_get("", "bypassed").stored()?))
}

impl Database {
    /// Asks the primary, and the replica as whom it is read; `None` where there is no such thing.
    pub async fn row_security(&self) -> Result<Option<RowSecurity>, StoreError> {
        if self.backend() != DbBackend::Postgres {
            return Ok(None);
        }
        let (mut role, mut bypassed) = role_of(self.connection()).await?;
        let (reader, reader_bypasses) = role_of(self.replica_connection()).await?;
        if reader_bypasses && !bypassed {
            (role, bypassed) = (reader, true);
        }
        let rows =
            self.connection().query_all_raw(Statement::from_string(DbBackend::Postgres, TABLES)).await.stored()?;
        let (mut open, mut lets_earlier_release_in) = (Vec::new(), false);
        for row in &rows {
            if !row.try_get::<bool>("", "closed").stored()? {
                open.push(row.try_get("", "name").stored()?);
            }
            lets_earlier_release_in |= row.try_get::<bool>("", "lenient").stored()?;
        }
        Ok(Some(RowSecurity { role, bypassed, tables: rows.len(), open, lets_earlier_release_in }))
    }
}
