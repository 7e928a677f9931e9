//! Databases of this tool's own: one for Tenon, a copy of it for the reference programs.

use std::path::{Path, PathBuf};

use redis::aio::MultiplexedConnection;
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, Statement};

use crate::Outcome;
use crate::cli::Cli;
use crate::deployment::Deployment;

/// The role the servers connect as: an ordinary one, as in production.
const POSTGRES_ROLE: &str = "tenon_load";

/// Where a deployment keeps its data.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) deployment: Deployment,
    /// Of the database, and in front of the Redis keys.
    pub(crate) name: String,
    pub(crate) directory: PathBuf,
    admin_url: String,
    pub(crate) redis_url: String,
}

impl Place {
    pub(crate) fn new(cli: &Cli, deployment: Deployment, directory: &Path) -> Self {
        let admin_url = match deployment {
            Deployment::Sqlite => String::new(),
            Deployment::Postgres => cli.postgres_url.clone(),
            Deployment::Mariadb => cli.mysql_url.clone(),
        };
        let name = format!("tenon_load_{}", std::process::id());
        Self { deployment, name, directory: directory.to_owned(), admin_url, redis_url: cli.redis_url.clone() }
    }

    fn reference_name(&self) -> String {
        format!("{}_ref", self.name)
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.directory.join("data")
    }

    pub(crate) fn database_url(&self) -> String {
        self.url(&self.name, &self.data_dir().join("tenon.db"))
    }

    pub(crate) fn reference_url(&self) -> String {
        self.url(&self.reference_name(), &self.directory.join("reference.db"))
    }

    fn url(&self, name: &str, file: &Path) -> String {
        match self.deployment {
            Deployment::Sqlite => format!("sqlite://{}", file.display()),
            Deployment::Postgres => {
                let host = self.admin_url.rsplit_once('@').map_or(self.admin_url.as_str(), |(_, host)| host);
                let host = host.split('/').next().unwrap_or_default();
                format!("postgres://{POSTGRES_ROLE}:{POSTGRES_ROLE}@{host}/{name}")
            }
            Deployment::Mariadb => format!("{}/{name}", self.admin_url.trim_end_matches('/')),
        }
    }

    /// Makes an empty database for Tenon.
    pub(crate) async fn create(&self) -> Outcome<()> {
        std::fs::create_dir_all(self.data_dir())?;
        match self.deployment {
            Deployment::Sqlite => Ok(()),
            Deployment::Postgres => {
                let admin = connect(&self.admin_url).await?;
                // Refused when it is there already.
                let role = format!("CREATE ROLE {POSTGRES_ROLE} LOGIN PASSWORD '{POSTGRES_ROLE}' NOBYPASSRLS");
                drop(admin.execute_unprepared(&role).await);
                let off = "SELECT COUNT(*) FROM pg_settings WHERE name = 'autovacuum' AND setting = 'off'";
                if number(&admin, off).await? > 0 {
                    eprintln!("autovacuum is off: tables will grow as those of no real server do");
                }
                self.run(&format!("CREATE DATABASE {} OWNER {POSTGRES_ROLE}", self.name)).await
            }
            Deployment::Mariadb => self.run(&format!("CREATE DATABASE {} CHARACTER SET utf8mb4", self.name)).await,
        }
    }

    /// Copies Tenon's database for the reference programs. Nobody may be connected to it.
    pub(crate) async fn copy_for_reference(&self) -> Outcome<()> {
        match self.deployment {
            Deployment::Sqlite => {
                let source = connect(&self.database_url()).await?;
                let copy = self.directory.join("reference.db");
                source.execute_unprepared(&format!("VACUUM INTO '{}'", copy.display())).await?;
                Ok(source.close().await?)
            }
            Deployment::Postgres => {
                // What autovacuum does within a minute, and what the copy then has too.
                let source = connect(&self.database_url()).await?;
                source.execute_unprepared("ANALYZE").await?;
                source.close().await?;
                let copy = self.reference_name();
                self.run(&format!("CREATE DATABASE {copy} TEMPLATE {} OWNER {POSTGRES_ROLE}", self.name)).await?;
                self.open_rows_of_reference().await
            }
            Deployment::Mariadb => self.copy_mariadb().await,
        }
    }

    /// The references are what a minimal program would be: they have no row-level security.
    async fn open_rows_of_reference(&self) -> Outcome<()> {
        let copy = connect(&self.reference_url()).await?;
        let tables = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' AND rowsecurity";
        for row in copy.query_all_raw(Statement::from_string(copy.get_database_backend(), tables)).await? {
            let table: String = row.try_get_by_index(0)?;
            copy.execute_unprepared(&format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")).await?;
        }
        Ok(copy.close().await?)
    }

    /// Without its foreign keys, which `LIKE` leaves out: the references have a little less to do.
    async fn copy_mariadb(&self) -> Outcome<()> {
        let (source, copy) = (&self.name, self.reference_name());
        self.run(&format!("CREATE DATABASE {copy} CHARACTER SET utf8mb4")).await?;
        for table in ["projects", "project_counters", "tasks", "outbox"] {
            self.run(&format!("CREATE TABLE {copy}.{table} LIKE {source}.{table}")).await?;
            self.run(&format!("INSERT INTO {copy}.{table} SELECT * FROM {source}.{table}")).await?;
        }
        Ok(())
    }

    /// Drops the databases and removes the keys in Redis.
    pub(crate) async fn remove(&self) -> Outcome<()> {
        if !self.deployment.worker_apart() {
            return Ok(());
        }
        let force = if self.deployment == Deployment::Postgres { " WITH (FORCE)" } else { "" };
        for name in [&self.name, &self.reference_name()] {
            self.run(&format!("DROP DATABASE IF EXISTS {name}{force}")).await?;
        }
        let mut redis = self.redis().await?;
        let keys = own_keys(&mut redis, &self.name).await?;
        for keys in keys.chunks(1_000) {
            redis::cmd("UNLINK").arg(keys).exec_async(&mut redis).await?;
        }
        Ok(())
    }

    pub(crate) async fn redis(&self) -> Outcome<MultiplexedConnection> {
        Ok(redis::Client::open(self.redis_url.as_str())?.get_multiplexed_async_connection().await?)
    }

    async fn run(&self, statement: &str) -> Outcome<()> {
        let admin = connect(&self.admin_url).await?;
        admin.execute_unprepared(statement).await.map_err(|error| format!("{statement}: {error}"))?;
        Ok(admin.close().await?)
    }
}

/// A connection for looking and for bulk work, which reaches the rows of all organizations.
pub(crate) async fn connect(url: &str) -> Outcome<DatabaseConnection> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    options.map_sqlx_postgres_opts(|options| options.options([("tenon.scope", "deployment")]));
    Ok(sea_orm::Database::connect(options).await.map_err(|error| format!("{}: {error}", without_password(url)))?)
}

fn without_password(url: &str) -> &str {
    url.rsplit_once('@').map_or(url, |(_, host)| host)
}

/// The first column of the only row, a number.
pub(crate) async fn number(connection: &DatabaseConnection, query: &str) -> Outcome<i64> {
    let statement = Statement::from_string(connection.get_database_backend(), query);
    let row = connection.query_one_raw(statement).await?.ok_or("no row")?;
    // `SUM` and the like have other types from one database to the next.
    Ok(row.try_get_by_index::<i64>(0)?)
}

/// Events that still have a subscriber to reach.
pub(crate) async fn outbox_depth(connection: &DatabaseConnection) -> Outcome<u64> {
    Ok(number(connection, "SELECT COUNT(*) FROM outbox WHERE due_at IS NOT NULL").await?.unsigned_abs())
}

/// How many connections there are to Tenon's database; not known of SQLite, where they are open files.
pub(crate) async fn connections(connection: &DatabaseConnection, place: &Place) -> Outcome<Option<i64>> {
    let name = &place.name;
    let query = match place.deployment {
        Deployment::Sqlite => return Ok(None),
        Deployment::Postgres => format!("SELECT COUNT(*) FROM pg_stat_activity WHERE datname = '{name}'"),
        Deployment::Mariadb => format!("SELECT COUNT(*) FROM information_schema.processlist WHERE db = '{name}'"),
    };
    number(connection, &query).await.map(Some)
}

async fn own_keys(redis: &mut MultiplexedConnection, prefix: &str) -> Outcome<Vec<String>> {
    let (mut found, mut cursor) = (Vec::new(), 0_u64);
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(format!("{prefix}*")).arg("COUNT").arg(1_000);
        let (next, keys): (u64, Vec<String>) = scan.query_async(redis).await?;
        found.extend(keys);
        if next == 0 {
            return Ok(found);
        }
        cursor = next;
    }
}
