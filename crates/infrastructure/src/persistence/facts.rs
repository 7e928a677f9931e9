use chrono::DateTime;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, Statement};
use tenon_application::{Scope, StoreError};
use tenon_domain::{OrganizationId, Timestamp};

use super::Database;
use super::entities::organization;
use super::error::Stored;

/// What a database says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// Name and version of the server.
    pub version: String,
    /// Its clock.
    pub now: Timestamp,
}

impl Database {
    /// Asks the primary about itself.
    pub async fn facts(&self) -> Result<DatabaseFacts, StoreError> {
        let sql = match self.backend() {
            DbBackend::Postgres => {
                "SELECT 'PostgreSQL ' || current_setting('server_version') AS version, \
                 CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now"
            }
            DbBackend::MySql => {
                "SELECT CONCAT('MySQL/MariaDB ', VERSION()) AS version, \
                 CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED) AS now"
            }
            _ => {
                "SELECT 'SQLite ' || sqlite_version() AS version, \
                 CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER) AS now"
            }
        };
        let statement = Statement::from_string(self.backend(), sql);
        let row = self.primary(Scope::Deployment).query_one_raw(statement).await.stored()?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound("the database says nothing".to_owned())).stored()?;
        let version = row.try_get("", "version").stored()?;
        let milliseconds: i64 = row.try_get("", "now").stored()?;
        Ok(DatabaseFacts { version, now: DateTime::from_timestamp_millis(milliseconds).unwrap_or_default() })
    }

    /// Whether there is an organization with this id.
    pub async fn has_organization(&self, id: OrganizationId) -> Result<bool, StoreError> {
        let primary = self.primary(Scope::Deployment);
        Ok(organization::Entity::find_by_id(id.uuid()).one(&primary).await.stored()?.is_some())
    }
}
