//! Many more tasks than commands can make in reasonable time: copies, inside the database, of tasks that commands made.
//!
//! A million commands take hours on a small machine. A copy is a row that a command wrote, with another id, the next
//! numbers and a later time, in one statement a table: so it is the same in every other column, whatever columns there are.
//! Its events are not copied, as if they had long been dealt with and purged.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use crate::Outcome;

/// How much later each copy of a task is than the one before it.
pub(crate) const STEP_MINUTES: i64 = 1;

/// Copies each task of the projects `LOAD…` so many times. Each project must have the same number of tasks.
pub(crate) async fn multiply(connection: &DatabaseConnection, per_project: u64, copies: u64) -> Outcome<()> {
    let dialect = Dialect(connection.get_database_backend());
    let source =
        format!("FROM tasks t CROSS JOIN copies WHERE t.project_key LIKE 'LOAD%' AND t.number <= {per_project}");
    let series =
        format!("WITH RECURSIVE copies(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM copies WHERE k < {copies})");
    let columns = columns(connection, "tasks").await?;
    let values: Vec<_> = columns.iter().map(|column| dialect.copied(column, per_project)).collect();
    let (columns, values) = (columns.join(", "), values.join(", "));
    run(connection, &format!("INSERT INTO tasks ({columns}) {series} SELECT {values} {source}")).await?;
    let id = dialect.id();
    for (table, column) in [("task_assignees", "user_id"), ("task_labels", "label")] {
        let join = source.replacen("tasks t", &format!("{table} l INNER JOIN tasks t ON t.id = l.task_id"), 1);
        let select = format!("SELECT {id}, l.{column}, l.org_id {join}");
        run(connection, &format!("INSERT INTO {table} (task_id, {column}, org_id) {series} {select}")).await?;
    }
    let last = "SELECT MAX(t.number) FROM tasks t WHERE t.project_id = project_counters.project_id";
    run(connection, &format!("UPDATE project_counters SET last_number = COALESCE(({last}), 0)")).await?;
    // What the servers would find out by themselves, in time.
    match dialect.0 {
        DbBackend::MySql => run(connection, "ANALYZE TABLE tasks, task_assignees, task_labels").await,
        _ => run(connection, "ANALYZE").await,
    }
}

/// What differs between the databases.
#[derive(Clone, Copy)]
struct Dialect(DbBackend);

impl Dialect {
    /// The value of a column in the copy.
    fn copied(self, column: &str, per_project: u64) -> String {
        match column {
            "id" => self.id(),
            "number" => format!("t.number + copies.k * {per_project}"),
            "created_at" | "updated_at" => self.later(column),
            other => format!("t.{other}"),
        }
    }

    /// A moment, as many steps later as the copy has a number.
    fn later(self, column: &str) -> String {
        match self.0 {
            DbBackend::Postgres => format!("t.{column} + copies.k * INTERVAL '{STEP_MINUTES} minute'"),
            DbBackend::MySql => format!("t.{column} + INTERVAL copies.k * {STEP_MINUTES} MINUTE"),
            _ => format!(
                "strftime('%Y-%m-%dT%H:%M:%f+00:00', t.{column}, '+' || (copies.k * {STEP_MINUTES}) || ' minutes')"
            ),
        }
    }

    /// A UUIDv7: the time of the copy, and the random part of the original's.
    fn id(self) -> String {
        let later = self.later("created_at");
        match self.0 {
            DbBackend::Postgres => format!(
                "(lpad(to_hex((extract(epoch FROM {later}) * 1000)::bigint), 12, '0') \
                 || substr(replace(t.id::text, '-', ''), 13))::uuid"
            ),
            DbBackend::MySql => format!(
                "CONCAT(UNHEX(LPAD(HEX(CAST(UNIX_TIMESTAMP({later}) * 1000 AS UNSIGNED)), 12, '0')), SUBSTRING(t.id, 7))"
            ),
            _ => format!(
                "CAST(unhex(printf('%012x', CAST(round((julianday({later}) - 2440587.5) * 86400000) AS INTEGER))) \
                 || substr(t.id, 7) AS BLOB)"
            ),
        }
    }
}

async fn columns(connection: &DatabaseConnection, table: &str) -> Outcome<Vec<String>> {
    let query = match connection.get_database_backend() {
        DbBackend::Sqlite => format!("SELECT name FROM pragma_table_info('{table}')"),
        backend => {
            let schema = if backend == DbBackend::MySql { "DATABASE()" } else { "current_schema()" };
            let of = "SELECT column_name AS name FROM information_schema.columns";
            format!("{of} WHERE table_name = '{table}' AND table_schema = {schema}")
        }
    };
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), query)).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index::<String>(0)).collect::<Result<_, _>>()?)
}

async fn run(connection: &DatabaseConnection, statement: &str) -> Outcome<()> {
    connection.execute_unprepared(statement).await.map_err(|error| format!("{statement}: {error}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tenon_application::tasks::TaskRef;
    use tenon_bootstrap::System;
    use tenon_bootstrap::config::{Config, Sources};

    use super::*;
    use crate::database::{connect, number};
    use crate::fill::{fill, viewer_of};

    const OF_COMMANDS: &str = "project_key LIKE 'LOAD%' AND number <= 10";
    const COPIED: &str = "project_key LIKE 'LOAD%' AND number > 10";

    /// Copies, and what commands made, column by column: which types are stored, and how long ids are.
    async fn shapes(connection: &DatabaseConnection, which: &str) -> Vec<BTreeSet<String>> {
        let mut shapes = Vec::new();
        for column in columns(connection, "tasks").await.unwrap() {
            let length = if column.ends_with("id") { "length" } else { "typeof" };
            let query = format!(
                "SELECT DISTINCT typeof({column}) || ' ' || COALESCE({length}({column}), '') FROM tasks WHERE {which}"
            );
            let rows = connection.query_all_raw(Statement::from_string(DbBackend::Sqlite, query)).await.unwrap();
            shapes.push(rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect());
        }
        shapes
    }

    #[tokio::test]
    async fn copies_are_what_commands_would_have_written() {
        let directory = tempfile::tempdir().unwrap();
        let variables =
            [("TENON_DATA_DIR", directory.path().display().to_string()), ("TENON_BCRYPT_COST", "4".to_owned())];
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).into();
        let config = Config::load(&Sources { variables, ..Sources::default() }).unwrap();
        let system = System::start(&config, "http://127.0.0.1").await.unwrap();
        let world = fill(&system, 20, 2, 5).await.unwrap();
        let url = format!("sqlite://{}", directory.path().join("tenon.db").display());
        let connection = connect(&url).await.unwrap();
        multiply(&connection, 10, 4).await.unwrap();

        let made = number(&connection, "SELECT COUNT(*) FROM tasks WHERE project_key LIKE 'LOAD%'").await.unwrap();
        assert_eq!(made, 100);
        assert_eq!(shapes(&connection, OF_COMMANDS).await, shapes(&connection, COPIED).await);
        for table in ["task_assignees", "task_labels"] {
            let of =
                |which| format!("SELECT COUNT(*) FROM {table} WHERE task_id IN (SELECT id FROM tasks WHERE {which})");
            let (few, many) = (number(&connection, &of(OF_COMMANDS)).await, number(&connection, &of(COPIED)).await);
            assert_eq!(few.unwrap() * 4, many.unwrap(), "{table}");
        }
        let early = "SELECT COUNT(*) FROM tasks t WHERE number > 10 AND created_at <= (SELECT MAX(created_at) FROM tasks \
                     WHERE project_id = t.project_id AND number <= 10) AND project_key LIKE 'LOAD%'";
        assert_eq!(number(&connection, early).await.unwrap(), 0);
        let future = "SELECT COUNT(*) FROM tasks WHERE created_at > strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')";
        assert_eq!(number(&connection, future).await.unwrap(), 0);
        let counter = "SELECT MIN(last_number) FROM project_counters WHERE last_number <> 100";
        assert_eq!(number(&connection, counter).await.unwrap(), 50);

        // Tenon reads a copy as it reads any other task.
        let query = Statement::from_string(DbBackend::Sqlite, format!("SELECT id FROM tasks WHERE {COPIED} LIMIT 1"));
        let copy: uuid::Uuid = connection.query_one_raw(query).await.unwrap().unwrap().try_get_by_index(0).unwrap();
        let viewer = viewer_of(&system).await.unwrap();
        let task = system.app.queries.tasks.find(viewer, &TaskRef::Id(copy.into())).await.unwrap().unwrap();
        assert!(task.number > 10 && world.projects.contains(&task.project_id.uuid()), "{task:?}");
    }
}
