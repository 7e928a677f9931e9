use clap::ValueEnum;
use serde::Serialize;

/// What Tenon runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Deployment {
    /// One process, with the database in a file
    Sqlite,
    /// PostgreSQL and Redis, with a worker apart
    Postgres,
    /// MariaDB (or MySQL) and Redis, with a worker apart
    Mariadb,
}

impl Deployment {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mariadb => "mariadb",
        }
    }

    /// The programs that it takes besides Tenon's, as the system names their processes.
    pub(crate) const fn servers(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &[],
            Self::Postgres => &["postgres", "redis-server"],
            Self::Mariadb => &["mariadbd", "redis-server"],
        }
    }

    /// Whether the worker is a process of its own.
    pub(crate) const fn worker_apart(self) -> bool {
        !matches!(self, Self::Sqlite)
    }
}
