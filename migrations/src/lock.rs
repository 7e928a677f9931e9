//! Locks on tables that serve requests meanwhile, on PostgreSQL.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::columns::take_the_time;

/// Locks all tables that a migration is about to alter, before it alters any. A lock that is wanted later would be
/// waited for while requests wait for the ones that are held.
pub(crate) async fn lock(manager: &SchemaManager<'_>, tables: &[&str]) -> Result<(), DbErr> {
    take_the_time(manager).await?;
    if manager.get_database_backend() == DbBackend::Postgres {
        manager.get_connection().execute_unprepared(&locked(tables, "")).await?;
    }
    Ok(())
}

/// What is done under a lock of these tables, as one statement. It waits for the lock for a moment only before it gives
/// way and tries again: all requests wait behind a lock that is waited for, and one of those in front may want another
/// of these tables next.
pub(crate) fn locked(tables: &[&str], then: &str) -> String {
    let tables = tables.join(", ");
    format!(
        "DO $$ BEGIN \
           PERFORM set_config('lock_timeout', '100ms', true); \
           FOR attempt IN 1..100 LOOP \
             BEGIN \
               LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE; \
               {then} \
               RETURN; \
             EXCEPTION WHEN lock_not_available OR deadlock_detected THEN \
               PERFORM pg_sleep(0.05); \
             END; \
           END LOOP; \
           RAISE EXCEPTION 'the tables are in use all the time: try again when there is less to do'; \
         END $$"
    )
}
