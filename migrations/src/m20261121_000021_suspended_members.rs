use sea_orm_migration::prelude::*;

use crate::columns::*;

/// Since when a member has no access. The previous release lets them in, as long as an instance of it runs, and those of
/// this one may believe for 15 minutes what it cached.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "members", moment(manager, "suspended_at").null().to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_column(manager, "members", "suspended_at").await
    }
}
