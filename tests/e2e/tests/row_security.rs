//! Row-level security on PostgreSQL, with the roles and the commands of its runbook.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::str::FromStr;

use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tenon_e2e_tests::{Deployment, Options, Person, Server, eventually, postgres_admin, text};
use uuid::Uuid;

const RUNBOOK: &str = include_str!("../../../docs/operations/runbooks/row-level-security.md");

/// A block of the runbook.
fn block(name: &str) -> &'static str {
    let block = RUNBOOK.split(&format!("```sql {name}\n")).nth(1).expect("the block");
    block.split("```").next().expect("its end")
}

/// A database with roles of its own, removed at the end.
struct Home {
    name: String,
    owner: String,
}

impl Home {
    #[expect(clippy::disallowed_methods, reason = "every test database has a name of its own")]
    fn new() -> Self {
        let name = format!("tenon_e2e_{}", &Uuid::now_v7().simple().to_string()[12..]);
        Self { owner: format!("{name}_owner"), name }
    }

    /// What the runbook says, with the names of this database and its roles.
    fn named(&self, sql: &str) -> String {
        let words = sql.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words
            .map(|word| match word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
                "tenon" => word.replacen("tenon", &self.name, 1),
                "owner_of_tenon" => word.replacen("owner_of_tenon", &self.owner, 1),
                _ => word.to_owned(),
            })
            .collect()
    }

    fn url(&self, role: &str, password: &str) -> String {
        let admin = postgres_admin();
        let host = admin.rsplit_once('@').map_or(admin.as_str(), |(_, host)| host);
        let host = host.split('/').next().unwrap_or_default();
        format!("postgres://{role}:{password}@{host}/{}", self.name)
    }

    fn app_url(&self) -> String {
        self.url(&self.name, "change-me")
    }

    fn owner_url(&self) -> String {
        self.url(&self.owner, "change-me-too")
    }

    fn superuser(&self) -> PgConnectOptions {
        PgConnectOptions::from_str(&postgres_admin()).unwrap().database(&self.name)
    }

    /// Without Redis, so that the queue is in the same database.
    fn options(&self) -> Options {
        let options = Options::default().without("TENON_REDIS_URL").without("TENON_REDIS_PREFIX");
        options.with("TENON_DATABASE_URL", self.app_url())
    }
}

impl Drop for Home {
    /// On a thread of its own, because the runtime of the test may be busy unwinding.
    fn drop(&mut self) {
        let (name, owner) = (self.name.clone(), self.owner.clone());
        let removed = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut admin = PgConnection::connect(&postgres_admin()).await.unwrap();
                run(&mut admin, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
                run(&mut admin, &format!("DROP ROLE IF EXISTS {name}")).await;
                run(&mut admin, &format!("DROP ROLE IF EXISTS {owner}")).await;
            });
        });
        assert!(removed.join().is_ok() || std::thread::panicking(), "the database {} was not removed", self.name);
    }
}

async fn run(connection: &mut PgConnection, sql: &str) {
    connection.execute(AssertSqlSafe(sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

async fn count(connection: &mut PgConnection, rows: &str) -> i64 {
    let count = format!("SELECT count(*) FROM {rows}");
    sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(connection).await.unwrap()
}

/// A task that is given to somebody, who is told: through the API, the queue and the worker.
async fn works(server: &Server) -> Person {
    let owner = Person::found(server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project("ENG").await;
    let task = owner.task_with(&project, "Fix the door", json!({"assignee_ids": [member.id]})).await;
    eventually("a notification", || async {
        let told = member.all("/notifications").await;
        told.iter().any(|it| it["resource"]["id"] == task["id"]).then_some(())
    })
    .await;
    owner
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenon_serves_as_a_role_that_can_open_nothing() {
    let home = Home::new();
    let mut admin = PgConnection::connect(&postgres_admin()).await.unwrap();
    for statement in block("roles").lines() {
        run(&mut admin, &home.named(statement)).await;
    }
    let mut inside = PgConnection::connect_with(&home.superuser()).await.unwrap();
    run(&mut inside, &home.named(block("grants"))).await;
    let options = home.options().with("TENON_MIGRATION_DATABASE_URL", home.owner_url());
    let server = Server::start(Deployment::PostgresRedis, options).await;
    let (ada, bob) = (works(&server).await, works(&server).await);
    let (healthy, report) = server.tenon(&["doctor"]);
    assert!(healthy && report.contains("✔ row security"), "{report}");

    let mut session = PgConnection::connect(&home.app_url()).await.unwrap();
    assert_eq!(count(&mut session, "tasks").await, 0, "no organization is named");
    run(&mut session, &format!("SET tenon.org_id = '{}'", bob.organization_id)).await;
    assert_eq!(count(&mut session, "tasks").await, 1, "bob's");
    assert_eq!(count(&mut session, &format!("tasks WHERE org_id = '{}'", ada.organization_id)).await, 0);
    for attempt in [
        "ALTER TABLE tasks DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE tasks NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON tasks",
        "CREATE POLICY everybody ON tasks USING (true)",
        "TRUNCATE tasks CASCADE",
    ] {
        let refusal = session.execute(attempt).await.expect_err(attempt).to_string();
        assert!(refusal.contains("must be owner") || refusal.contains("permission denied"), "{attempt}: {refusal}");
    }

    let admin_url = postgres_admin();
    let superuser = format!("{}/{}", admin_url.rsplit_once('/').expect("a database").0, home.name);
    let (healthy, report) = server.tenon_with(&["doctor"], Options::default().with("TENON_DATABASE_URL", superuser));
    assert!(!healthy && report.contains("bypasses row-level security"), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_are_handed_over_while_tenon_serves() {
    let home = Home::new();
    let mut admin = PgConnection::connect(&postgres_admin()).await.unwrap();
    for statement in block("roles").lines() {
        run(&mut admin, &home.named(statement)).await;
    }
    // One role for everything, to begin with.
    run(&mut admin, &format!("ALTER DATABASE {} OWNER TO {}", home.name, home.name)).await;
    let server = Server::start(Deployment::PostgresRedis, home.options()).await;
    let owner = works(&server).await;

    let mut inside = PgConnection::connect_with(&home.superuser()).await.unwrap();
    run(&mut inside, &home.named(block("grants"))).await;
    // Tenon and it may get in each other's way. Then nothing has happened, and the runbook says to run it again.
    let hand_over = home.named(block("hand-over"));
    for left in (0..5).rev() {
        match inside.execute(AssertSqlSafe(hand_over.as_str())).await {
            Ok(_) => break,
            Err(error) => assert!(left > 0, "{error}"),
        }
    }
    assert_eq!(count(&mut inside, &format!("pg_tables WHERE tableowner = '{}'", home.name)).await, 0);

    owner.api.get("/projects/ENG").await.expect(200);
    works(&server).await;
    let migrating = Options::default().with("TENON_MIGRATION_DATABASE_URL", home.owner_url());
    let (done, output) = server.tenon_with(&["migrate", "up"], migrating);
    assert!(done, "{output}");
    let (healthy, report) = server.tenon(&["doctor"]);
    assert!(healthy, "{report}");
    assert_eq!(text(&owner.api.get("/users/me").await.expect(200), "id"), owner.id);
}
