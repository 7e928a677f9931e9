//! Forgetting rows that nobody needs any more.

use sea_orm::{ColumnTrait, Condition, DeleteMany, EntityTrait, QueryFilter, QuerySelect, Select, TryGetableMany};
use tenon_application::{Scope, StoreError};
use uuid::Uuid;

use super::Database;
use super::error::Stored;

/// How many rows are forgotten at once: on SQLite every other write waits meanwhile.
const BATCH: u64 = 500;

/// Deletes the rows for which `old` holds, as [`in_batches`] does.
pub(super) async fn by_id<E: EntityTrait>(
    database: &Database,
    id: E::Column,
    old: Condition,
) -> Result<u64, StoreError> {
    let old = E::find().select_only().column(id).filter(old);
    in_batches(database, old, |ids: Vec<Uuid>| E::delete_many().filter(id.is_in(ids))).await
}

/// Deletes what `old` finds the keys of, by `forget`, until there is no more of it. Answers how many rows that were.
pub(super) async fn in_batches<E, K>(
    database: &Database,
    old: Select<E>,
    forget: impl Fn(Vec<K>) -> DeleteMany<E> + Send + Sync,
) -> Result<u64, StoreError>
where
    E: EntityTrait,
    K: TryGetableMany + Send,
{
    let mut forgotten = 0;
    loop {
        let keys: Vec<K> =
            old.clone().limit(BATCH).into_tuple().all(&database.primary(Scope::Deployment)).await.stored()?;
        let found = keys.len() as u64;
        if found > 0 {
            let transaction = database.begin(Scope::Deployment, None).await?;
            forgotten += forget(keys).exec(&transaction).await.stored()?.rows_affected;
            transaction.commit().await?;
        }
        if found < BATCH {
            return Ok(forgotten);
        }
    }
}
