//! A database of its own for each server, dropped when the server is.

use std::env;

use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};

use crate::Deployment;

/// The role servers connect as: an ordinary one, as in production.
const POSTGRES_ROLE: &str = "tenon_e2e";

#[derive(Debug)]
pub(crate) struct Database {
    deployment: Deployment,
    name: String,
    pub(crate) url: String,
}

impl Database {
    pub(crate) async fn create(deployment: Deployment, name: &str) -> Self {
        let url = match deployment {
            Deployment::PostgresRedis => create_postgres(name).await,
            Deployment::MysqlRedis => {
                let admin = mysql_admin();
                mysql(&admin, &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")).await;
                format!("{}/{name}", admin.trim_end_matches('/'))
            }
            Deployment::Embedded => unreachable!("an embedded server keeps its database in its data directory"),
        };
        Self { deployment, name: name.to_owned(), url }
    }
}

impl Drop for Database {
    /// On a thread of its own, because the runtime of the test may be gone or busy unwinding.
    fn drop(&mut self) {
        let (deployment, name) = (self.deployment, self.name.clone());
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                match deployment {
                    Deployment::PostgresRedis => {
                        let mut admin = PgConnection::connect(&postgres_admin()).await.expect("PostgreSQL");
                        let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                        sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut admin).await.expect("to drop the database");
                    }
                    _ => mysql(&mysql_admin(), &format!("DROP DATABASE IF EXISTS {name}")).await,
                }
            });
        });
        if dropped.join().is_err() {
            eprintln!("the database {} could not be dropped", self.name);
        }
    }
}

async fn create_postgres(name: &str) -> String {
    let admin_url = postgres_admin();
    let mut admin = PgConnection::connect(&admin_url).await.unwrap_or_else(|error| panic!("{admin_url}: {error}"));
    // Refused when another test was first, which is just as good.
    let role = format!("CREATE ROLE {POSTGRES_ROLE} LOGIN PASSWORD '{POSTGRES_ROLE}' NOSUPERUSER NOBYPASSRLS");
    drop(sqlx::raw_sql(AssertSqlSafe(role)).execute(&mut admin).await);
    let create = format!("CREATE DATABASE {name} OWNER {POSTGRES_ROLE}");
    sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut admin).await.expect("to create a database");
    let host = admin_url.rsplit_once('@').map_or(admin_url.as_str(), |(_, host)| host);
    let host = host.split('/').next().unwrap_or_default();
    format!("postgres://{POSTGRES_ROLE}:{POSTGRES_ROLE}@{host}/{name}")
}

async fn mysql(url: &str, statement: &str) {
    let mut admin = MySqlConnection::connect(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut admin).await.expect(statement);
}

/// Where PostgreSQL is, as a superuser.
pub fn postgres_admin() -> String {
    env::var("TENON_TEST_POSTGRES_URL").unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned())
}

fn mysql_admin() -> String {
    env::var("TENON_TEST_MYSQL_URL").unwrap_or_else(|_| "mysql://root@127.0.0.1:3306".to_owned())
}

pub(crate) fn redis_url() -> String {
    env::var("TENON_TEST_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned())
}
