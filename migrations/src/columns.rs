//! How tables and columns are declared, the same way on every database.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

pub(crate) fn table(manager: &SchemaManager<'_>, name: &'static str) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    // SQLite and PostgreSQL do so by default, and refuse the words.
    if manager.get_database_backend() == DbBackend::MySql {
        table.character_set("utf8mb4").collate("utf8mb4_bin");
    }
    table
}

pub(crate) fn id(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.uuid().not_null();
    column
}

pub(crate) fn optional_id(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.uuid().null();
    column
}

pub(crate) fn line(name: &'static str, chars: u32) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.string_len(chars).not_null();
    column
}

pub(crate) fn optional_line(name: &'static str, chars: u32) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.string_len(chars).null();
    column
}

/// Text of any length that fits in memory; on MySQL plain `TEXT` would end at 64 KiB.
pub(crate) fn text(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        DbBackend::MySql => column.custom("mediumtext"),
        _ => column.text(),
    };
    column
}

/// Bytes of any length that fits in memory; on MySQL plain `BLOB` would end at 64 KiB.
pub(crate) fn bytes(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        DbBackend::MySql => column.custom("mediumblob"),
        _ => column.blob(),
    };
    column
}

/// A moment with milliseconds.
pub(crate) fn moment(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        DbBackend::MySql => column.custom("datetime(3)"),
        _ => column.timestamp_with_time_zone(),
    };
    column
}

pub(crate) fn counter(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.big_integer().not_null();
    column
}

/// An index named after its table and columns.
pub(crate) fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(format!("ix_{table}_{}", columns.join("_"))).table(table);
    for column in columns {
        index.col(*column);
    }
    index
}

pub(crate) fn unique(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = index(table, columns);
    index.name(format!("uq_{table}_{}", columns.join("_"))).unique();
    index
}

/// Creates an index, unless an interrupted run did: MySQL and MariaDB commit each step of a migration.
pub(crate) async fn create_index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    mut index: IndexCreateStatement,
) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::MySql {
        let name = index.get_index_spec().get_name().unwrap_or_default();
        if manager.has_index(table, name).await? {
            return Ok(());
        }
    } else {
        // Not asked first: a transaction of SQLite that begins with a read does not wait for other writers.
        index.if_not_exists();
    }
    manager.create_index(index).await
}

/// Drops what [`index`] declared, unless an interrupted run did.
pub(crate) async fn drop_index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    let name = format!("ix_{table}_{}", columns.join("_"));
    let mut index = Index::drop();
    index.name(&name).table(table);
    if manager.get_database_backend() == DbBackend::MySql {
        if !manager.has_index(table, &name).await? {
            return Ok(());
        }
    } else {
        index.if_exists();
    }
    manager.drop_index(index).await
}

/// Adds a column, unless an interrupted run did. The previous release writes rows without it.
pub(crate) async fn add_column(
    manager: &SchemaManager<'_>,
    table: &'static str,
    column: ColumnDef,
) -> Result<(), DbErr> {
    let is_mysql = manager.get_database_backend() == DbBackend::MySql;
    if is_mysql && manager.has_column(table, column.get_column_name()).await? {
        return Ok(());
    }
    manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await
}

/// Drops a column, unless an interrupted run did.
pub(crate) async fn drop_column(
    manager: &SchemaManager<'_>,
    table: &'static str,
    column: &'static str,
) -> Result<(), DbErr> {
    let is_mysql = manager.get_database_backend() == DbBackend::MySql;
    if is_mysql && !manager.has_column(table, column).await? {
        return Ok(());
    }
    manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await
}

/// A row that belongs to another one, and goes with it.
pub(crate) fn belongs_to(table: &'static str, column: &'static str, parent: &'static str) -> ForeignKeyCreateStatement {
    let mut key = ForeignKey::create();
    key.name(format!("fk_{table}_{column}")).from(table, column).to(parent, "id").on_delete(ForeignKeyAction::Cascade);
    key
}

/// Creates a table and its indexes.
pub(crate) async fn create(
    manager: &SchemaManager<'_>,
    table: TableCreateStatement,
    indexes: Vec<IndexCreateStatement>,
) -> Result<(), DbErr> {
    manager.create_table(table).await?;
    for index in indexes {
        manager.create_index(index).await?;
    }
    Ok(())
}

/// Drops tables, the last created first.
pub(crate) async fn drop(manager: &SchemaManager<'_>, tables: &[&'static str]) -> Result<(), DbErr> {
    for table in tables {
        manager.drop_table(Table::drop().table(*table).to_owned()).await?;
    }
    Ok(())
}

/// Building an index may take longer than a statement of a request may.
pub(crate) async fn take_the_time(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        manager.get_connection().execute_unprepared("SET LOCAL statement_timeout = 0").await?;
    }
    Ok(())
}
