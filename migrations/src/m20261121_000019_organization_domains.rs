use sea_orm_migration::prelude::*;

use crate::columns::*;
use crate::lock::lock;
use crate::row_security::{Reach, isolate, open};

/// The domains that organizations claim, and who may not join one by themselves.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const DOMAINS: &str = "organization_domains";
const EXCLUSIONS: &str = "organization_exclusions";
const REFERRED_TO: [&str; 2] = ["organizations", "users"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A new table that refers to others locks those, too.
        lock(manager, &REFERRED_TO).await?;
        let domains = table(manager, DOMAINS)
            .if_not_exists()
            .col(id("id").primary_key())
            .col(id("org_id"))
            .col(line("name", 253))
            // The name again while it is verified, so that no two organizations have verified it.
            .col(optional_line("proved_name", 253))
            .col(line("token", 64))
            .col(optional_line("auto_join_role", 20))
            .col(moment(manager, "verified_at").null())
            .col(moment(manager, "checked_at").null())
            .col(counter("misses"))
            .col(counter("version"))
            .col(moment(manager, "created_at").not_null())
            .col(moment(manager, "updated_at").not_null())
            .foreign_key(&mut belongs_to(DOMAINS, "org_id", "organizations"))
            .to_owned();
        manager.create_table(domains).await?;
        for index in [
            unique(DOMAINS, &["org_id", "name"]),
            unique(DOMAINS, &["proved_name"]),
            index(DOMAINS, &["org_id", "id"]),
            index(DOMAINS, &["checked_at"]),
        ] {
            create_index(manager, DOMAINS, index).await?;
        }
        let exclusions = table(manager, EXCLUSIONS)
            .if_not_exists()
            .col(id("org_id"))
            .col(id("user_id"))
            .col(moment(manager, "excluded_at").not_null())
            .primary_key(Index::create().col("org_id").col("user_id"))
            .foreign_key(&mut belongs_to(EXCLUSIONS, "org_id", "organizations"))
            .foreign_key(&mut belongs_to(EXCLUSIONS, "user_id", "users"))
            .to_owned();
        manager.create_table(exclusions).await?;
        // Where an address may join is asked by who may be in an organization already.
        isolate(manager, DOMAINS, Reach::Deployment).await?;
        isolate(manager, EXCLUSIONS, Reach::Tenant("org_id")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lock(manager, &[&REFERRED_TO[..], &[DOMAINS, EXCLUSIONS]].concat()).await?;
        for table in [EXCLUSIONS, DOMAINS] {
            open(manager, table).await?;
            manager.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        Ok(())
    }
}
