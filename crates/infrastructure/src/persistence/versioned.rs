//! Optimistic writes: a row is written only as long as it is what was read.

use sea_orm::{ActiveModelTrait, Condition, EntityTrait, QueryFilter};
use tenon_application::StoreError;
use tenon_domain::Version;

use super::error::Stored;
use super::transaction::Transaction;

/// Writes a whole row: a new one where none was read (version 0), else the one that `unchanged` finds. Finding none is
/// [`StoreError::Stale`].
pub(super) async fn save<A: ActiveModelTrait>(
    transaction: &Transaction,
    row: A,
    read_version: Version,
    unchanged: Condition,
) -> Result<(), StoreError> {
    if read_version == 0 {
        A::Entity::insert(row).exec_without_returning(transaction).await.stored()?;
        return Ok(());
    }
    update(transaction, row.reset_all(), unchanged).await
}

/// Writes the row that `unchanged` finds. Finding none is [`StoreError::Stale`].
pub(super) async fn update<A: ActiveModelTrait>(
    transaction: &Transaction,
    changed: A,
    unchanged: Condition,
) -> Result<(), StoreError> {
    let written = A::Entity::update_many().set(changed).filter(unchanged).exec(transaction).await.stored()?;
    found(written.rows_affected)
}

/// Deletes the row that `unchanged` finds. Finding none is [`StoreError::Stale`].
pub(super) async fn delete<E: EntityTrait>(transaction: &Transaction, unchanged: Condition) -> Result<(), StoreError> {
    let deleted = E::delete_many().filter(unchanged).exec(transaction).await.stored()?;
    found(deleted.rows_affected)
}

fn found(rows: u64) -> Result<(), StoreError> {
    if rows == 0 { Err(StoreError::Stale) } else { Ok(()) }
}
