use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let keys = table(manager, "idempotency_keys")
            .col(id("user_id"))
            .col(line("key", 255))
            .col(line("fingerprint", 64))
            // running, committed or answered
            .col(line("state", 10))
            .col(ColumnDef::new("status").integer().null())
            .col(text(manager, "headers").null())
            .col(bytes(manager, "body").null())
            .col(moment(manager, "claimed_at").not_null())
            .primary_key(Index::create().col("user_id").col("key"))
            .to_owned();
        create(manager, keys, vec![index("idempotency_keys", &["claimed_at"])]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["idempotency_keys"]).await
    }
}
