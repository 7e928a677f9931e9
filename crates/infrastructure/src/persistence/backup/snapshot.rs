//! What is asked of SQLite itself. Its backup API is reached through rusqlite, because sqlx has none.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::Progress;
use super::error::{About, BackupError};

/// 4 MiB: short enough to tell how it goes, long enough to be quick.
const PAGES_PER_STEP: i32 = 1024;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// What a copy contains, to be compared with its manifest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) migrations: Vec<String>,
    pub(super) rows: BTreeMap<String, u64>,
}

/// Copies the database as it is at one moment into an empty file. Neither writers nor readers wait for it.
pub(super) fn copy(database: &Path, to: &Path, progress: &mut dyn FnMut(Progress)) -> Result<(), BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(database, flags).about(database)?;
    source.busy_timeout(BUSY_TIMEOUT).about(database)?;
    // A read transaction of our own holds the moment: without it every foreign commit would start the copy anew.
    source.execute_batch("BEGIN").about(database)?;
    let _: i64 = source.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0)).about(database)?;
    let mut copy = Connection::open_with_flags(to, flags).about(to)?;
    {
        let backup = Backup::new(&source, &mut copy).about(to)?;
        loop {
            let step = backup.step(PAGES_PER_STEP).about(to)?;
            let state = backup.progress();
            let (all, remaining) = (state.pagecount.unsigned_abs(), state.remaining.unsigned_abs());
            progress(Progress { copied: u64::from(all.saturating_sub(remaining)), all: u64::from(all) });
            match step {
                StepResult::Done => break,
                StepResult::Busy | StepResult::Locked => thread::sleep(BUSY_PAUSE),
                _ => {}
            }
        }
    }
    // Without a write-ahead log the copy is a single file, which can be read where nothing can be written.
    copy.execute_batch("PRAGMA journal_mode = DELETE").about(to)?;
    copy.close().map_err(|(_, error)| error).about(to)
}

/// Makes every event due that is not handled by all: those waiting in the queue that was not copied would otherwise wait
/// until the relay misses them.
pub(super) fn hand_out(database: &Path) -> Result<(), BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags).about(database)?;
    connection.execute_batch("UPDATE outbox SET due_at = occurred_at WHERE due_at > occurred_at").about(database)?;
    connection.close().map_err(|(_, error)| error).about(database)
}

/// Reads all of a copy, and answers what is in it, or what is wrong with it.
pub(super) fn examine(copy: &Path) -> Result<Result<Contents, String>, BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    // Immutable: nothing that lies beside it, such as somebody's write-ahead log, is taken for a part of it.
    let connection = Connection::open_with_flags(format!("{}?immutable=1", file_url(copy)), flags).about(copy)?;
    // Whatever SQLite cannot read is damage.
    Ok(examine_open(&connection).unwrap_or_else(|error| Err(error.to_string())))
}

fn examine_open(connection: &Connection) -> rusqlite::Result<Result<Contents, String>> {
    let integrity = texts(connection, "PRAGMA integrity_check")?;
    if integrity != ["ok"] {
        return Ok(Err(integrity.first().cloned().unwrap_or_else(|| "no answer to integrity_check".to_owned())));
    }
    if let Some(table) = texts(connection, "SELECT \"table\" FROM pragma_foreign_key_check")?.first() {
        return Ok(Err(format!("rows of {table} refer to rows that are not there")));
    }
    let tables = texts(
        connection,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )?;
    if !tables.iter().any(|table| table == "seaql_migrations") {
        return Ok(Err("it has no history of migrations".to_owned()));
    }
    let mut rows = BTreeMap::new();
    for table in tables {
        let count: i64 = connection.query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| row.get(0))?;
        rows.insert(table, count.unsigned_abs());
    }
    let migrations = texts(connection, "SELECT version FROM seaql_migrations ORDER BY version")?;
    Ok(Ok(Contents { migrations, rows }))
}

fn texts(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// A path as SQLite reads it in a URL.
fn file_url(path: &Path) -> String {
    let path = path.to_string_lossy();
    let mut url = String::from("file:");
    for character in path.chars() {
        match character {
            '%' => url.push_str("%25"),
            '?' => url.push_str("%3f"),
            '#' => url.push_str("%23"),
            _ => url.push(character),
        }
    }
    url
}
