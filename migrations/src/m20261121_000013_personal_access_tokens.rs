use sea_orm_migration::prelude::*;

use crate::columns::*;
use crate::lock::lock;

/// Tokens that programs sign in with, users that are programs, and which token something on the audit trail was done with.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TOKENS: &str = "personal_access_tokens";
const ALTERED: [&str; 3] = ["organizations", "users", "audit_entries"];
const INDEXES: [&[&str]; 2] = [&["org_id", "id"], &["owner_id", "org_id", "id"]];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A new table that refers to others locks those, too.
        lock(manager, &ALTERED).await?;
        let tokens = table(manager, TOKENS)
            .if_not_exists()
            .col(id("id").primary_key())
            .col(id("org_id"))
            .col(id("owner_id"))
            .col(line("name", 100))
            // The names, separated by spaces.
            .col(line("scopes", 1000))
            .col(line("token_hash", 64))
            .col(moment(manager, "created_at").not_null())
            .col(moment(manager, "expires_at").null())
            .col(moment(manager, "last_used_at").null())
            .col(moment(manager, "revoked_at").null())
            .foreign_key(&mut belongs_to(TOKENS, "org_id", "organizations"))
            .foreign_key(&mut belongs_to(TOKENS, "owner_id", "users"))
            .to_owned();
        manager.create_table(tokens).await?;
        for columns in INDEXES {
            create_index(manager, TOKENS, index(TOKENS, columns)).await?;
        }
        let mut kind = line("kind", 10);
        kind.default("person");
        add_column(manager, "users", kind).await?;
        add_column(manager, "audit_entries", optional_id("actor_token_id")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lock(manager, &[&ALTERED[..], &[TOKENS]].concat()).await?;
        drop_column(manager, "audit_entries", "actor_token_id").await?;
        drop_column(manager, "users", "kind").await?;
        manager.drop_table(Table::drop().table(TOKENS).if_exists().to_owned()).await
    }
}
