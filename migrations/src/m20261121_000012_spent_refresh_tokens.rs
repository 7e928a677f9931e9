use sea_orm_migration::prelude::*;

use crate::columns::*;
use crate::lock::lock;

/// The refresh token that a session had before its present one, so that it is noticed when it comes back. The previous
/// release rotates tokens without it: what it spent is told by its signature, as older tokens are.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const COLUMNS: [&str; 3] = ["spent_hash", "spent_at", "refresh_salt"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lock(manager, &["sessions"]).await?;
        let [spent_hash, spent_at, refresh_salt] = COLUMNS;
        add_column(manager, "sessions", optional_line(spent_hash, 64)).await?;
        add_column(manager, "sessions", moment(manager, spent_at).null().to_owned()).await?;
        add_column(manager, "sessions", optional_line(refresh_salt, 64)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lock(manager, &["sessions"]).await?;
        for column in COLUMNS {
            drop_column(manager, "sessions", column).await?;
        }
        Ok(())
    }
}
