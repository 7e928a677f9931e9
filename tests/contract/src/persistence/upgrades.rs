//! Migrations of a deployment that is in use: its rows, and its requests meanwhile.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbErr};
use tenon_migrations::{Migrator, MigratorTrait, finish, names};

use super::fixture::{Fixture, one_connection};
use super::migrations::{before, fill, texts};

#[tokio::test]
async fn who_could_register_before_is_believed_on_sqlite() {
    believes("sqlite").await;
}

#[tokio::test]
async fn who_could_register_before_is_believed_on_postgres() {
    believes("postgres").await;
}

#[tokio::test]
async fn who_could_register_before_is_believed_on_mysql() {
    believes("mysql").await;
}

async fn believes(kind: &str) {
    let fixture = Fixture::without_schema(kind).await;
    let connection = &fixture.operator;
    Migrator::up(connection, None).await.unwrap();
    fixture.found("ada").await;
    Migrator::down(connection, Some(from("verified_addresses"))).await.unwrap();
    connection.execute_unprepared("UPDATE users SET email_verified_at = NULL").await.unwrap();
    Migrator::up(connection, None).await.unwrap();
    let believed = texts(connection, "SELECT email FROM users WHERE email_verified_at = created_at").await;
    assert_eq!(believed, ["ada@example.com"]);
}

/// How many migrations there are from this one on.
fn from(name: &str) -> u32 {
    u32::try_from(names().len()).unwrap() - before(name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_reaches_the_rows_of_all_tenants_as_the_role_that_owns_them() {
    let fixture = Fixture::new("postgres").await;
    fill(&fixture).await;
    let owner = &fixture.operator;
    Migrator::down(owner, Some(from("verified_addresses"))).await.unwrap();
    // Changes rows of tenants in the transaction of the migration that comes.
    let probe = "CREATE FUNCTION probe() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN UPDATE tasks SET title = 'migrated'; RETURN NULL; END $$; \
                 CREATE TRIGGER probe AFTER UPDATE ON users FOR EACH STATEMENT EXECUTE FUNCTION probe()";
    owner.execute_unprepared(probe).await.unwrap();
    owner.execute_unprepared("SET tenon.scope = ''").await.unwrap();
    let unseen = owner.execute_unprepared("UPDATE tasks SET title = 'seen'").await.unwrap();
    assert_eq!(unseen.rows_affected(), 0, "by itself the role reaches none");
    Migrator::up(owner, None).await.unwrap();
    owner.execute_unprepared("SET tenon.scope = 'deployment'").await.unwrap();
    assert_eq!(texts(owner, "SELECT title FROM tasks").await, ["migrated", "migrated"]);
}

/// Somebody reads the table for a long time. Work that wants it for itself waits for them; others read on.
async fn gives_way(fixture: &Fixture, table: &str, work: impl Future<Output = Result<(), DbErr>>) {
    let (reader, other) = (one_connection(&fixture.url()).await, one_connection(&fixture.url()).await);
    let read = format!("SELECT 1 FROM {table}");
    reader.execute_unprepared(&format!("BEGIN; {read}")).await.unwrap();
    other.execute_unprepared("SET statement_timeout = '2s'").await.unwrap();
    let waiting = format!(
        "SELECT count(*)::text FROM pg_locks WHERE relation = '{table}'::regclass AND NOT granted \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    );
    let reading = async {
        while texts(&other, &waiting).await == ["0"] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for _ in 0..5 {
            other.execute_unprepared(&read).await.unwrap_or_else(|error| panic!("{table}: {error}"));
        }
        reader.execute_unprepared("COMMIT").await.unwrap();
    };
    let both = async { tokio::join!(work, reading) };
    let (worked, ()) = tokio::time::timeout(Duration::from_secs(60), both).await.expect("an end");
    worked.unwrap_or_else(|error| panic!("{table}: {error}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_do_not_wait_for_a_migration_that_waits() {
    let fixture = Fixture::without_schema("postgres").await;
    let owner = &fixture.operator;
    Migrator::up(owner, Some(before("account_requests"))).await.unwrap();
    let founded = "INSERT INTO organizations (id, name, version, created_at, updated_at) \
                   VALUES (gen_random_uuid(), 'Analytical Engines', 1, now(), now())";
    owner.execute_unprepared(founded).await.unwrap();
    // Each migration that alters tables which the release before uses, with one of them.
    let altered = ["users", "sessions", "audit_entries", "organizations", "tasks"];
    assert_eq!(before("account_requests") + 5, before("verified_addresses"));
    for table in altered {
        gives_way(&fixture, table, Migrator::up(owner, Some(1))).await;
    }
    let finishing = async {
        finish(owner).await?;
        Ok(())
    };
    gives_way(&fixture, "organizations", finishing).await;
    for table in altered.into_iter().rev() {
        gives_way(&fixture, table, Migrator::down(owner, Some(1))).await;
    }
}
