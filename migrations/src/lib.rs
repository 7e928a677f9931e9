//! The schema, as one linear history for SQLite, PostgreSQL and MySQL/MariaDB.
//!
//! Migrations only ever expand or contract: the previous release must run on the next schema.

#![allow(elided_lifetimes_in_paths, reason = "the trait of sea-orm-migration is declared that way")]

mod columns;
mod history;
mod lock;
mod m20261121_000001_identity;
mod m20261121_000002_organizations;
mod m20261121_000003_projects;
mod m20261121_000004_tasks;
mod m20261121_000005_events;
mod m20261121_000006_notifications;
mod m20261121_000007_audit;
mod m20261121_000008_idempotency;
mod m20261121_000009_task_orders;
mod m20261121_000010_inbox_and_audit_orders;
mod m20261121_000011_account_requests;
mod m20261121_000012_spent_refresh_tokens;
mod m20261121_000013_personal_access_tokens;
mod m20261121_000014_second_factors;
mod m20261121_000015_row_security;
mod m20261121_000016_verified_addresses;
mod m20261121_000017_deleted_users;
mod m20261121_000018_passkeys;
mod m20261121_000019_organization_domains;
mod m20261121_000020_identity_providers;
mod m20261121_000021_suspended_members;
mod m20261121_000022_custom_roles;
mod m20261121_000023_teams;
mod m20261121_000024_deactivated_users;
mod m20261121_000025_excluded_addresses;
mod row_security;
mod whole;

pub use history::History;
pub use row_security::finish;
use sea_orm_migration::{MigrationTrait, async_trait};
pub use sea_orm_migration::{MigratorTrait, MigratorTraitSelf};

use crate::whole::Whole;

/// Applies and reverts the migrations.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        all()
    }
}

/// The names of all migrations, oldest first.
pub fn names() -> Vec<String> {
    all().iter().map(|migration| migration.name().to_owned()).collect()
}

fn all() -> Vec<Box<dyn MigrationTrait>> {
    let migrations: Vec<Box<dyn MigrationTrait>> = vec![
        Box::new(m20261121_000001_identity::Migration),
        Box::new(m20261121_000002_organizations::Migration),
        Box::new(m20261121_000003_projects::Migration),
        Box::new(m20261121_000004_tasks::Migration),
        Box::new(m20261121_000005_events::Migration),
        Box::new(m20261121_000006_notifications::Migration),
        Box::new(m20261121_000007_audit::Migration),
        Box::new(m20261121_000008_idempotency::Migration),
        Box::new(m20261121_000009_task_orders::Migration),
        Box::new(m20261121_000010_inbox_and_audit_orders::Migration),
        Box::new(m20261121_000011_account_requests::Migration),
        Box::new(m20261121_000012_spent_refresh_tokens::Migration),
        Box::new(m20261121_000013_personal_access_tokens::Migration),
        Box::new(m20261121_000014_second_factors::Migration),
        Box::new(m20261121_000015_row_security::Migration),
        Box::new(m20261121_000016_verified_addresses::Migration),
        Box::new(m20261121_000017_deleted_users::Migration),
        Box::new(m20261121_000018_passkeys::Migration),
        Box::new(m20261121_000019_organization_domains::Migration),
        Box::new(m20261121_000020_identity_providers::Migration),
        Box::new(m20261121_000021_suspended_members::Migration),
        Box::new(m20261121_000022_custom_roles::Migration),
        Box::new(m20261121_000023_teams::Migration),
        Box::new(m20261121_000024_deactivated_users::Migration),
        Box::new(m20261121_000025_excluded_addresses::Migration),
    ];
    migrations.into_iter().map(|migration| Box::new(Whole(migration)) as Box<dyn MigrationTrait>).collect()
}
