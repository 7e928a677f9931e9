//! As whom Tenon connects to the database, and whether that keeps tenants apart.

use tenon_infrastructure::persistence::{Database, DatabaseSettings, RowSecurity};

use crate::config::Config;
use crate::failure::Failure;

/// Opens the database of the configuration.
pub(crate) async fn connect(config: &Config) -> Result<Database, Failure> {
    let database = &config.database;
    let settings = DatabaseSettings {
        read_url: database.read_url.as_ref().map(|url| url.expose().to_owned()),
        max_connections: database.max_connections,
        acquire_timeout: database.acquire_timeout,
        ..DatabaseSettings::new(database.url.expose())
    };
    Ok(Database::connect(&settings).await?)
}

/// Opens it as the role that owns the tables, which may be another than the one that serves.
pub(crate) async fn connect_to_migrate(config: &Config) -> Result<Database, Failure> {
    let database = &config.database;
    let settings = DatabaseSettings {
        acquire_timeout: database.acquire_timeout,
        ..DatabaseSettings::new(database.migration_url().expose())
    };
    Ok(Database::connect(&settings).await?)
}

/// Why the database itself does not keep tenants apart, and what to do about it.
pub(crate) fn isolation_trouble(security: &RowSecurity) -> Option<(String, &'static str)> {
    let RowSecurity { role, bypassed, tables: _, open, lets_earlier_release_in } = security;
    if *bypassed {
        let remedy =
            "connect as a role without SUPERUSER and BYPASSRLS: docs/operations/runbooks/row-level-security.md";
        Some((format!("the role {role} bypasses row-level security"), remedy))
    } else if !open.is_empty() {
        let remedy = "run: tenon migrate up; if nothing is pending: docs/operations/runbooks/row-level-security.md";
        Some((format!("row-level security is not enforced on {}", open.join(", ")), remedy))
    } else if *lets_earlier_release_in {
        let remedy = "once no process of the release before runs any more, run: tenon migrate finish";
        Some(("sessions that name no organization are let in for the release before".to_owned(), remedy))
    } else {
        None
    }
}

/// Says at the start what the doctor would say.
pub(super) async fn warn_of_open_rows(database: &Database) {
    match database.row_security().await {
        Ok(security) => {
            if let Some((cause, remedy)) = security.as_ref().and_then(isolation_trouble) {
                tracing::warn!(cause, remedy, "tenants are kept apart by Tenon's own queries alone");
            }
        }
        Err(error) => tracing::warn!(%error, "whether the database keeps tenants apart is not known"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_said_first() {
        let sound = RowSecurity {
            role: "tenon".to_owned(),
            bypassed: false,
            tables: 14,
            open: Vec::new(),
            lets_earlier_release_in: false,
        };
        assert_eq!(isolation_trouble(&sound), None);
        let said = |security: RowSecurity| isolation_trouble(&security).unwrap().0;
        let upgraded = RowSecurity { lets_earlier_release_in: true, ..sound };
        assert!(said(upgraded.clone()).contains("the release before"));
        let open = RowSecurity { open: vec!["tasks".to_owned(), "teams".to_owned()], ..upgraded };
        assert!(said(open.clone()).contains("tasks, teams"));
        assert!(said(RowSecurity { bypassed: true, ..open }).contains("the role tenon bypasses"));
    }
}
