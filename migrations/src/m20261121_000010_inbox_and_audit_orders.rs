use sea_orm_migration::prelude::*;

use crate::columns::*;

/// Indexes by which what is unread, what happened in a span of time, and what happened to a rare kind of thing is found
/// without going through everything else. Like the indexes of tasks, they keep writers waiting while they are built.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UNREAD: &[&str] = &["org_id", "user_id", "read_at"];
const UNREAD_IN_ORDER: &[&str] = &["org_id", "user_id", "read_at", "id"];
const AUDIT: [&[&str]; 2] = [&["org_id", "occurred_at", "id"], &["org_id", "resource_kind", "id"]];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        take_the_time(manager).await?;
        create_index(manager, "notifications", index("notifications", UNREAD_IN_ORDER)).await?;
        drop_index(manager, "notifications", UNREAD).await?;
        for columns in AUDIT {
            create_index(manager, "audit_entries", index("audit_entries", columns)).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        take_the_time(manager).await?;
        for columns in AUDIT {
            drop_index(manager, "audit_entries", columns).await?;
        }
        create_index(manager, "notifications", index("notifications", UNREAD)).await?;
        drop_index(manager, "notifications", UNREAD_IN_ORDER).await
    }
}
