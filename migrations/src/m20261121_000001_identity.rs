use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let users = table(manager, "users")
            .col(id("id").primary_key())
            .col(line("email", 254).unique_key())
            .col(line("display_name", 100))
            .col(line("password_hash", 255))
            .col(counter("version"))
            .col(moment(manager, "created_at").not_null())
            .col(moment(manager, "updated_at").not_null())
            .to_owned();
        create(manager, users, vec![]).await?;
        let sessions = table(manager, "sessions")
            .col(id("id").primary_key())
            .col(id("user_id"))
            .col(id("org_id"))
            .col(line("refresh_hash", 64))
            .col(optional_line("address", 64))
            .col(optional_line("user_agent", 512))
            .col(moment(manager, "created_at").not_null())
            .col(moment(manager, "last_used_at").not_null())
            .col(moment(manager, "expires_at").not_null())
            .col(moment(manager, "revoked_at").null())
            .foreign_key(&mut belongs_to("sessions", "user_id", "users"))
            .to_owned();
        create(manager, sessions, vec![index("sessions", &["user_id", "last_used_at"])]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["sessions", "users"]).await
    }
}
