use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let notifications = table(manager, "notifications")
            .col(id("id").primary_key())
            .col(id("org_id"))
            .col(id("user_id"))
            .col(id("event_id"))
            .col(line("kind", 60))
            .col(text(manager, "title").not_null())
            .col(text(manager, "body").not_null())
            .col(optional_id("actor_id"))
            .col(optional_line("actor_name", 100))
            .col(optional_id("project_id"))
            .col(line("resource_kind", 40))
            .col(id("resource_id"))
            .col(text(manager, "resource_name").not_null())
            .col(moment(manager, "read_at").null())
            .col(moment(manager, "created_at").not_null())
            .to_owned();
        let indexes = vec![
            unique("notifications", &["event_id", "user_id"]),
            index("notifications", &["org_id", "user_id", "id"]),
            index("notifications", &["org_id", "user_id", "read_at"]),
        ];
        create(manager, notifications, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["notifications"]).await
    }
}
