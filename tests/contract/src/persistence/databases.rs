//! A fresh database for each test, dropped with it.

use sea_orm::{ConnectionTrait, Database};
use tempfile::TempDir;
use uuid::Uuid;

/// The role the tests connect as on PostgreSQL: an ordinary one, as in production.
const POSTGRES_ROLE: &str = "tenon_contract";

/// Where a database is, and how to get rid of it.
pub(super) enum TestDatabase {
    Sqlite { directory: TempDir },
    Server { admin_url: String, url: String, drop: String },
}

impl TestDatabase {
    pub(super) async fn create(kind: &str) -> Self {
        let name = format!("tenon_contract_{}", unique());
        match kind {
            "sqlite" => Self::Sqlite { directory: TempDir::new().unwrap() },
            "postgres" => {
                let admin_url = setting("TENON_TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres");
                let admin = Database::connect(&admin_url).await.expect("PostgreSQL");
                let role =
                    format!("CREATE ROLE {POSTGRES_ROLE} LOGIN PASSWORD '{POSTGRES_ROLE}' NOSUPERUSER NOBYPASSRLS");
                // Refused when another test was first, which is just as good.
                drop(admin.execute_unprepared(&role).await);
                let create = format!("CREATE DATABASE {name} OWNER {POSTGRES_ROLE}");
                admin.execute_unprepared(&create).await.expect("to create a database");
                admin.close().await.unwrap();
                let host = admin_url.rsplit_once('@').map_or("127.0.0.1", |(_, host)| host);
                let host = host.split('/').next().unwrap_or_default();
                let url = format!("postgres://{POSTGRES_ROLE}:{POSTGRES_ROLE}@{host}/{name}");
                Self::Server { admin_url, url, drop: format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)") }
            }
            _ => {
                let admin_url = setting("TENON_TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306");
                let admin = Database::connect(&admin_url).await.expect("MySQL or MariaDB");
                let create = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4");
                admin.execute_unprepared(&create).await.expect("to create a database");
                admin.close().await.unwrap();
                let url = format!("{}/{name}", admin_url.trim_end_matches('/'));
                Self::Server { admin_url, url, drop: format!("DROP DATABASE IF EXISTS {name}") }
            }
        }
    }

    pub(super) fn url(&self) -> String {
        match self {
            Self::Sqlite { directory } => format!("sqlite:{}", directory.path().join("tenon.db").display()),
            Self::Server { url, .. } => url.clone(),
        }
    }
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
