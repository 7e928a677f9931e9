use sea_orm_migration::prelude::*;

use crate::columns::*;

/// Since when the operator keeps a user out of everything. The previous release lets them in, as long as an instance of
/// it runs, and those of this one may believe for 15 minutes what it cached.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "users", moment(manager, "deactivated_at").null().to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_column(manager, "users", "deactivated_at").await
    }
}
