use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::lock::lock;
use crate::row_security::{Reach, isolate, let_earlier_release_in, open};

/// PostgreSQL itself keeps tenants apart: see `row_security`.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Those that the release before knows.
const EARLIER: &[(&str, Reach)] = &[
    ("organizations", Reach::Tenant("id")),
    // Whose they are is asked to sign in, before an organization is known, and to change it.
    ("members", Reach::User("user_id")),
    ("sessions", Reach::User("user_id")),
    ("invitations", Reach::Tenant("org_id")),
    ("projects", Reach::Tenant("org_id")),
    ("project_members", Reach::Tenant("org_id")),
    ("workflow_statuses", Reach::Tenant("org_id")),
    ("project_counters", Reach::Tenant("org_id")),
    ("tasks", Reach::Tenant("org_id")),
    ("task_assignees", Reach::Tenant("org_id")),
    ("task_labels", Reach::Tenant("org_id")),
    // Signing in stores events of no organization, too, and of the one it ends up in.
    ("outbox", Reach::Deployment),
    ("notifications", Reach::Tenant("org_id")),
    ("audit_entries", Reach::Tenant("org_id")),
];

/// Those that came with this one.
const NEW: &[(&str, Reach)] = &[("personal_access_tokens", Reach::Tenant("org_id"))];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lock(manager, &tables()).await?;
        let serves_already = is_in_use(manager).await?;
        for (table, reach) in EARLIER.iter().chain(NEW) {
            isolate(manager, table, *reach).await?;
        }
        if serves_already {
            for (table, _) in EARLIER {
                let_earlier_release_in(manager, table).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lock(manager, &tables()).await?;
        for table in tables() {
            open(manager, table).await?;
        }
        Ok(())
    }
}

fn tables() -> Vec<&'static str> {
    EARLIER.iter().chain(NEW).map(|(table, _)| *table).collect()
}

/// Whether the release before may be running. Where it has never stored anything, nobody has to be let in.
async fn is_in_use(manager: &SchemaManager<'_>) -> Result<bool, DbErr> {
    if manager.get_database_backend() != DbBackend::Postgres {
        return Ok(false);
    }
    let organization = Statement::from_string(DbBackend::Postgres, "SELECT 1 FROM organizations LIMIT 1");
    Ok(manager.get_connection().query_one_raw(organization).await?.is_some())
}
