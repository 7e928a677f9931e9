use sea_orm_migration::prelude::*;

use crate::columns::*;
use crate::lock::lock;
use crate::row_security::{Reach, isolate};

/// The addresses of people who were suspended, or removed, and have given them up since: nobody joins by them. The previous
/// release neither keeps any nor asks.
///
/// No key refers to the organization: it would be locked by who deletes their account, before it is locked to leave it.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const ADDRESSES: &str = "excluded_addresses";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let addresses = table(manager, ADDRESSES)
            .if_not_exists()
            .col(id("org_id"))
            // HMAC-SHA256 in hexadecimal digits.
            .col(line("address_digest", 64))
            .col(moment(manager, "excluded_at").not_null())
            .primary_key(Index::create().col("org_id").col("address_digest"))
            .to_owned();
        manager.create_table(addresses).await?;
        create_index(manager, ADDRESSES, index(ADDRESSES, &["address_digest"])).await?;
        isolate(manager, ADDRESSES, Reach::Tenant("org_id")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lock(manager, &[ADDRESSES]).await?;
        manager.drop_table(Table::drop().table(ADDRESSES).if_exists().to_owned()).await
    }
}
