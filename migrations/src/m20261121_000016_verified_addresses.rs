use sea_orm_migration::prelude::*;

use crate::columns::*;

/// Who could register before addresses were verified was believed. The previous release goes on without the column:
/// whoever registers there from now on has yet to verify their address.
///
/// By itself, as it takes the time that all accounts take, and nobody waits for a table that is only written to.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        take_the_time(manager).await?;
        let believed = Query::update()
            .table("users")
            .value("email_verified_at", Expr::col("created_at"))
            .and_where(Expr::col("email_verified_at").is_null())
            .to_owned();
        manager.execute(believed).await
    }

    /// Which of them have verified their addresses since is not known: what is believed goes with the column.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}
