//! The one place where the database's errors become the store's.

use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};
use tenon_application::StoreError;

/// What a database answers when two transactions got in each other's way: serialization failures, deadlocks, lock
/// time-outs, and a busy SQLite.
const CONFLICTS: &[&str] = &["40001", "40P01", "55P03", "1205", "1213", "5", "6", "517"];

/// What a database answers when it is going away or coming up, has no connection to spare, or no room on its disk.
const AWAY: &[&str] =
    &["57P01", "57P02", "57P03", "53300", "08000", "08003", "08006", "53100", "1040", "1053", "1927", "1021", "1114"];

/// SQLite's primary codes for a disk that fails or is full. The rest of a code says at what.
const SQLITE_IOERR: u32 = 10;
const SQLITE_FULL: u32 = 13;

/// Whether SQLite can do it again once the disk can.
fn is_disk_failure(refusal: &dyn sqlx::error::DatabaseError) -> bool {
    let refusal = refusal.try_downcast_ref::<sqlx::sqlite::SqliteError>();
    let code = refusal.and_then(|refusal| sqlx::error::DatabaseError::code(refusal)?.parse().ok());
    code.is_some_and(|code: u32| [SQLITE_IOERR, SQLITE_FULL].contains(&(code & 0xff)))
}

pub(super) fn store_error(error: DbErr) -> StoreError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(message)) => return StoreError::Duplicate(message),
        // What it refers to was deleted by somebody else in the meantime: trying again finds it gone.
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => return StoreError::Stale,
        _ => {}
    }
    match &error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => StoreError::Unavailable(error.to_string()),
        DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
            from_sqlx(cause, &error)
        }
        _ => StoreError::Broken(error.to_string()),
    }
}

fn from_sqlx(cause: &sqlx::Error, error: &DbErr) -> StoreError {
    let text = error.to_string();
    match cause {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => StoreError::Unavailable(text),
        sqlx::Error::Database(refusal) => {
            let number = refusal
                .try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()
                .map(|refusal| refusal.number().to_string());
            let code = number.or_else(|| refusal.code().map(|code| code.into_owned())).unwrap_or_default();
            if is_disk_failure(refusal.as_ref()) {
                StoreError::Unavailable(text)
            } else if CONFLICTS.contains(&code.as_str()) {
                StoreError::Stale
            } else if AWAY.contains(&code.as_str()) {
                StoreError::Unavailable(text)
            } else {
                StoreError::Broken(text)
            }
        }
        _ => StoreError::Broken(text),
    }
}

/// Lets `?`-style code turn any database result into a store result.
pub(super) trait Stored<T> {
    fn stored(self) -> Result<T, StoreError>;
}

impl<T> Stored<T> for Result<T, DbErr> {
    fn stored(self) -> Result<T, StoreError> {
        self.map_err(store_error)
    }
}
