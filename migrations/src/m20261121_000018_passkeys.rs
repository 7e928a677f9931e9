use sea_orm_migration::prelude::*;

use crate::columns::*;
use crate::lock::lock;

/// Passkeys, and which ceremonies with them are finished. The previous release signs people in without them, and asks for
/// none, as long as an instance of it runs.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const PASSKEYS: &str = "passkeys";
const CEREMONIES: &str = "finished_ceremonies";
const REFERRED: [&str; 1] = ["users"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A new table that refers to another one locks that, too.
        lock(manager, &REFERRED).await?;
        let passkeys = table(manager, PASSKEYS)
            .if_not_exists()
            .col(id("id").primary_key())
            .col(id("user_id"))
            // Ids of credentials are too long for an index of MariaDB.
            .col(line("credential_digest", 64))
            .col(line("name", 100))
            // As the verifier writes it, as JSON. Nothing in it is secret.
            .col(text(manager, "credential").not_null())
            .col(ColumnDef::new("synced").boolean().not_null())
            .col(counter("version"))
            .col(moment(manager, "created_at").not_null())
            .col(moment(manager, "last_used_at").null())
            .foreign_key(&mut belongs_to(PASSKEYS, "user_id", "users"))
            .to_owned();
        manager.create_table(passkeys).await?;
        create_index(manager, PASSKEYS, unique(PASSKEYS, &["credential_digest"])).await?;
        create_index(manager, PASSKEYS, index(PASSKEYS, &["user_id", "id"])).await?;
        let ceremonies = table(manager, CEREMONIES)
            .if_not_exists()
            .col(line("digest", 64).primary_key())
            .col(moment(manager, "expires_at").not_null())
            .to_owned();
        manager.create_table(ceremonies).await?;
        create_index(manager, CEREMONIES, index(CEREMONIES, &["expires_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lock(manager, &[&REFERRED[..], &[PASSKEYS, CEREMONIES]].concat()).await?;
        for table in [CEREMONIES, PASSKEYS] {
            manager.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        Ok(())
    }
}
