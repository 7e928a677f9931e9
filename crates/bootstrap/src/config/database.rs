use std::path::Path;
use std::time::Duration;

use url::Url;

use super::key::{self, Key};
use super::reader::Reader;
use super::{DatabaseConfig, DatabaseKind, Secret};

pub(super) fn database(reader: &mut Reader, data_dir: &Path, has_redis: bool) -> DatabaseConfig {
    let embedded = || (DatabaseKind::Sqlite, format!("sqlite://{}", data_dir.join("tenon.db").display()));
    let (kind, url) = reader.parse(key::DATABASE_URL, database_url).unwrap_or_else(embedded);
    let read = beside(
        reader,
        key::DATABASE_READ_URL,
        kind,
        "leave it out: SQLite has no replicas, readers never wait anyway",
        "write the URL of a replica of the database in TENON_DATABASE_URL",
    );
    let migration = beside(
        reader,
        key::MIGRATION_DATABASE_URL,
        kind,
        "leave it out: SQLite has no roles",
        "write the URL of the database in TENON_DATABASE_URL, with the role that owns its tables",
    );
    if kind == DatabaseKind::MySql && !has_redis {
        reader.missing(
            key::REDIS_URL,
            "set it, such as redis://localhost:6379: on MySQL and MariaDB the job queue needs Redis",
        );
    }
    let default_connections = if kind == DatabaseKind::Sqlite { 4 } else { 16 };
    DatabaseConfig {
        kind,
        url: Secret::new(url),
        read_url: read,
        migration_url: migration,
        max_connections: reader.number(key::DATABASE_MAX_CONNECTIONS, 1..=1000, default_connections),
        acquire_timeout: Duration::from_secs(reader.number(key::DATABASE_ACQUIRE_SECONDS, 1..=60, 5)),
    }
}

/// Another URL of the same database server.
fn beside(
    reader: &mut Reader,
    key: Key,
    kind: DatabaseKind,
    when_embedded: &'static str,
    when_another: &'static str,
) -> Option<Secret> {
    let (found, url) = reader.parse(key, database_url)?;
    if kind == DatabaseKind::Sqlite {
        reader.refuse(key, when_embedded);
    } else if found != kind {
        reader.refuse(key, when_another);
    }
    Some(Secret::new(url))
}

fn database_url(text: &str) -> Result<(DatabaseKind, String), String> {
    let kind = match text.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => return Ok((DatabaseKind::Sqlite, text.to_owned())),
        Some("postgres" | "postgresql") => Some(DatabaseKind::Postgres),
        Some("mysql" | "mariadb") => Some(DatabaseKind::MySql),
        _ => None,
    };
    let url = Url::parse(text).ok().filter(Url::has_host);
    match (kind, url) {
        (Some(kind), Some(_)) => Ok((kind, text.replacen("mariadb:", "mysql:", 1))),
        _ => Err("write sqlite://file, postgres://user:password@host/database or mysql://user:password@host/database"
            .to_owned()),
    }
}
