use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let organizations = table(manager, "organizations")
            .col(id("id").primary_key())
            .col(line("name", 100))
            .col(counter("version"))
            .col(moment(manager, "created_at").not_null())
            .col(moment(manager, "updated_at").not_null())
            .to_owned();
        create(manager, organizations, vec![]).await?;
        let members = table(manager, "members")
            .col(id("org_id"))
            .col(id("user_id"))
            .col(line("role", 20))
            .col(counter("version"))
            .col(moment(manager, "joined_at").not_null())
            .col(moment(manager, "updated_at").not_null())
            .primary_key(Index::create().col("org_id").col("user_id"))
            .foreign_key(&mut belongs_to("members", "org_id", "organizations"))
            .foreign_key(&mut belongs_to("members", "user_id", "users"))
            .to_owned();
        create(manager, members, vec![index("members", &["user_id", "joined_at"])]).await?;
        let invitations = table(manager, "invitations")
            .col(id("id").primary_key())
            .col(id("org_id"))
            .col(line("email", 254))
            .col(line("role", 20))
            .col(id("invited_by"))
            .col(moment(manager, "created_at").not_null())
            .col(moment(manager, "expires_at").not_null())
            .col(moment(manager, "accepted_at").null())
            .col(moment(manager, "revoked_at").null())
            .foreign_key(&mut belongs_to("invitations", "org_id", "organizations"))
            .to_owned();
        let indexes = vec![index("invitations", &["org_id", "id"]), index("invitations", &["org_id", "email"])];
        create(manager, invitations, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["invitations", "members", "organizations"]).await
    }
}
