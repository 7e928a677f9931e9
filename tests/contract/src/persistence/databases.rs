//! A fresh database for each test, dropped with it.

use std::str::FromStr;

use sea_orm::{ConnectionTrait, Database};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;
use uuid::Uuid;

/// Two ordinary roles on PostgreSQL, as in production: who serves, and who owns the tables. Row-level security holds for
/// both.
const POSTGRES_ROLE: &str = "tenon_contract";
const POSTGRES_OWNER: &str = "tenon_contract_owner";

/// Where a database is, and how to get rid of it.
pub(super) enum TestDatabase {
    Sqlite { directory: TempDir },
    Server { admin_url: String, url: String, operator_url: String, drop: String },
}

impl TestDatabase {
    pub(super) async fn create(kind: &str) -> Self {
        let name = format!("tenon_contract_{}", unique());
        match kind {
            "sqlite" => Self::Sqlite { directory: TempDir::new().unwrap() },
            "postgres" => {
                let admin_url = setting("TENON_TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres");
                create_postgres(&admin_url, &name).await;
                let host = admin_url.rsplit_once('@').map_or("127.0.0.1", |(_, host)| host);
                let host = host.split('/').next().unwrap_or_default();
                let url = format!("postgres://{POSTGRES_ROLE}:{POSTGRES_ROLE}@{host}/{name}");
                // Reaches the rows of all tenants, like a migration.
                let scope = "options=-c%20tenon.scope%3Ddeployment";
                let operator_url = format!("postgres://{POSTGRES_OWNER}:{POSTGRES_OWNER}@{host}/{name}?{scope}");
                let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                Self::Server { admin_url, url, operator_url, drop }
            }
            _ => {
                let admin_url = setting("TENON_TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306");
                let admin = Database::connect(&admin_url).await.expect("MySQL or MariaDB");
                let create = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4");
                admin.execute_unprepared(&create).await.expect("to create a database");
                admin.close().await.unwrap();
                let url = format!("{}/{name}", admin_url.trim_end_matches('/'));
                let operator_url = url.clone();
                Self::Server { admin_url, url, operator_url, drop: format!("DROP DATABASE IF EXISTS {name}") }
            }
        }
    }

    pub(super) fn url(&self) -> String {
        match self {
            Self::Sqlite { directory } => format!("sqlite:{}", directory.path().join("tenon.db").display()),
            Self::Server { url, .. } => url.clone(),
        }
    }

    /// Who makes the schema and looks after the rows by hand.
    pub(super) fn operator_url(&self) -> String {
        match self {
            Self::Sqlite { .. } => self.url(),
            Self::Server { operator_url, .. } => operator_url.clone(),
        }
    }

    /// Somebody whom no policy binds.
    pub(super) fn superuser_url(&self) -> String {
        match self {
            Self::Sqlite { .. } => self.url(),
            Self::Server { admin_url, .. } => admin_url.clone(),
        }
    }
}

async fn create_postgres(admin_url: &str, name: &str) {
    let options = PgConnectOptions::from_str(admin_url).expect("a URL of PostgreSQL");
    let mut admin = PgConnection::connect_with(&options).await.expect("PostgreSQL");
    for role in [POSTGRES_ROLE, POSTGRES_OWNER] {
        let role = format!("CREATE ROLE {role} LOGIN PASSWORD '{role}' NOSUPERUSER NOBYPASSRLS");
        // Refused when another test was first, which is just as good.
        drop(admin.execute(AssertSqlSafe(role)).await);
    }
    run(&mut admin, &format!("CREATE DATABASE {name} OWNER {POSTGRES_OWNER}")).await;
    admin.close().await.unwrap();
    let mut admin = PgConnection::connect_with(&options.database(name)).await.unwrap();
    let tables_to_come = format!(
        "ALTER DEFAULT PRIVILEGES FOR ROLE {POSTGRES_OWNER} \
         GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {POSTGRES_ROLE}"
    );
    run(&mut admin, &tables_to_come).await;
    admin.close().await.unwrap();
}

async fn run(admin: &mut PgConnection, statement: &str) {
    admin.execute(AssertSqlSafe(statement)).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

impl Drop for TestDatabase {
    /// On a thread of its own, because the runtime of the test may be busy unwinding.
    fn drop(&mut self) {
        let Self::Server { admin_url, drop, .. } = self else { return };
        let (admin_url, drop) = (admin_url.clone(), drop.clone());
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let admin = Database::connect(&admin_url).await.unwrap();
                admin.execute_unprepared(&drop).await.unwrap();
            });
        });
        if dropped.join().is_err() {
            eprintln!("a database could not be dropped");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "every test database has a name of its own")]
fn unique() -> String {
    Uuid::now_v7().simple().to_string()
}

#[expect(clippy::disallowed_methods, reason = "where the servers are differs between machines")]
fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}
