use sea_orm_migration::prelude::*;

use crate::columns::*;
use crate::lock::lock;

/// What account owners confirm by mailed links, and whether their address is known to be theirs.
///
/// A request refers to a user without a foreign key: checking one would take longer for an account that exists than
/// for one that does not, and asking for a new password must not tell the two apart.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const INDEXES: [&[&str]; 2] = [&["user_id", "kind"], &["expires_at"]];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lock(manager, &["users"]).await?;
        let requests = table(manager, "account_requests")
            .if_not_exists()
            .col(id("id").primary_key())
            .col(optional_id("user_id"))
            .col(line("kind", 20))
            .col(line("email", 254))
            .col(moment(manager, "created_at").not_null())
            .col(moment(manager, "expires_at").not_null())
            .col(moment(manager, "used_at").null())
            .to_owned();
        manager.create_table(requests).await?;
        for columns in INDEXES {
            create_index(manager, "account_requests", index("account_requests", columns)).await?;
        }
        add_column(manager, "users", moment(manager, "email_verified_at").null().to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lock(manager, &["users", "account_requests"]).await?;
        drop_column(manager, "users", "email_verified_at").await?;
        let requests = Table::drop().table("account_requests").if_exists().to_owned();
        manager.drop_table(requests).await
    }
}
