use sea_orm_migration::prelude::*;

use crate::columns::*;

/// Since when a user is a placeholder. To the previous release they are a person with a password that nobody has, in no
/// organization.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "users", moment(manager, "deleted_at").null().to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_column(manager, "users", "deleted_at").await
    }
}
