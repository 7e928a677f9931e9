use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let outbox = table(manager, "outbox")
            .col(id("id").primary_key())
            .col(optional_id("org_id"))
            .col(line("name", 100))
            .col(text(manager, "payload").not_null())
            .col(ColumnDef::new("remaining").integer().not_null())
            .col(ColumnDef::new("deliveries").integer().not_null())
            .col(moment(manager, "occurred_at").not_null())
            // When the relay may claim the event (again); null once every subscriber has handled it.
            .col(moment(manager, "due_at").null())
            .to_owned();
        create(manager, outbox, vec![index("outbox", &["due_at", "id"])]).await?;
        let receipts = table(manager, "event_receipts")
            .col(id("event_id"))
            .col(line("subscriber", 40))
            .primary_key(Index::create().col("event_id").col("subscriber"))
            .foreign_key(&mut belongs_to("event_receipts", "event_id", "outbox"))
            .to_owned();
        create(manager, receipts, vec![]).await?;
        let failed = table(manager, "failed_jobs")
            .col(id("event_id"))
            .col(line("subscriber", 40))
            .col(text(manager, "payload").not_null())
            .col(text(manager, "error").not_null())
            .col(moment(manager, "failed_at").not_null())
            .primary_key(Index::create().col("event_id").col("subscriber"))
            .to_owned();
        create(manager, failed, vec![index("failed_jobs", &["failed_at"])]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["failed_jobs", "event_receipts", "outbox"]).await
    }
}
