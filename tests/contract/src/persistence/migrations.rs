use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use tenon_application::projects::ProjectFilter;
use tenon_application::tasks::CreateTask;
use tenon_domain::access::Visibility;
use tenon_domain::tasks::{Assignees, Labels};
use tenon_migrations::{Migrator, MigratorTrait, names};

use super::fixture::{Fixture, new_task};
use super::lists::request;

#[tokio::test]
async fn the_schema_goes_up_and_down_and_up_on_sqlite() {
    up_down_up("sqlite").await;
}

#[tokio::test]
async fn the_schema_goes_up_and_down_and_up_on_postgres() {
    up_down_up("postgres").await;
}

#[tokio::test]
async fn the_schema_goes_up_and_down_and_up_on_mysql() {
    up_down_up("mysql").await;
}

#[tokio::test]
async fn each_step_is_taken_back_with_data_in_all_tables_on_sqlite() {
    step_by_step("sqlite").await;
}

#[tokio::test]
async fn each_step_is_taken_back_with_data_in_all_tables_on_postgres() {
    step_by_step("postgres").await;
}

#[tokio::test]
async fn each_step_is_taken_back_with_data_in_all_tables_on_mysql() {
    step_by_step("mysql").await;
}

#[tokio::test]
async fn an_interrupted_migration_goes_on_on_sqlite() {
    goes_on("sqlite").await;
}

#[tokio::test]
async fn an_interrupted_migration_goes_on_on_postgres() {
    goes_on("postgres").await;
}

#[tokio::test]
async fn an_interrupted_migration_goes_on_on_mysql() {
    goes_on("mysql").await;
}

#[tokio::test]
async fn a_migration_that_fails_on_sqlite_leaves_nothing_behind() {
    let fixture = Fixture::without_schema("sqlite").await;
    let connection = &fixture.operator;
    Migrator::up(connection, Some(before("task_orders"))).await.unwrap();
    let untouched = schema(connection).await;
    // In the way of the second index.
    connection.execute_unprepared("CREATE TABLE ix_tasks_project_id_title_id (id)").await.unwrap();
    Migrator::up(connection, Some(1)).await.unwrap_err();
    connection.execute_unprepared("DROP TABLE ix_tasks_project_id_title_id").await.unwrap();
    assert_same(&schema(connection).await, &untouched, "after the failure");
    Migrator::up(connection, None).await.unwrap();
}

/// One that was killed between its last step and noting it, on the database that commits each step. The others take back
/// what was not completed.
#[tokio::test]
async fn a_migration_that_was_not_noted_runs_again_on_mysql() {
    let fixture = Fixture::without_schema("mysql").await;
    let connection = &fixture.operator;
    let earlier = before("task_orders");
    Migrator::up(connection, Some(earlier)).await.unwrap();
    for name in names().iter().skip(usize::try_from(earlier).unwrap()) {
        let old = schema(connection).await;
        Migrator::up(connection, Some(1)).await.unwrap();
        let new = schema(connection).await;
        let unnoted = format!("DELETE FROM seaql_migrations WHERE version = '{name}'");
        connection.execute_unprepared(&unnoted).await.unwrap();
        Migrator::up(connection, Some(1)).await.unwrap();
        assert_same(&schema(connection).await, &new, &format!("after {name} ran twice"));
        Migrator::down(connection, Some(1)).await.unwrap();
        let noted = format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{name}', 0)");
        connection.execute_unprepared(&noted).await.unwrap();
        Migrator::down(connection, Some(1)).await.unwrap();
        assert_same(&schema(connection).await, &old, &format!("after {name} was reverted twice"));
        Migrator::up(connection, Some(1)).await.unwrap();
    }
}

/// How many migrations come before this one.
pub(super) fn before(name: &str) -> u32 {
    let place = names().iter().position(|migration| migration.ends_with(name)).unwrap();
    u32::try_from(place).unwrap()
}

/// MySQL and MariaDB commit each step of a migration: one that was killed has happened in part.
async fn goes_on(kind: &str) {
    let fixture = Fixture::without_schema(kind).await;
    let connection = &fixture.operator;
    let (earlier, steps) = (before("task_orders"), 2);
    Migrator::up(connection, Some(earlier)).await.unwrap();
    let old = schema(connection).await;
    Migrator::up(connection, Some(steps)).await.unwrap();
    let new = schema(connection).await;
    Migrator::down(connection, Some(steps)).await.unwrap();

    let is_mysql = connection.get_database_backend() == DbBackend::MySql;
    let run = async |statement: String| {
        let statement = if is_mysql { statement.replace('"', "`") } else { statement };
        connection.execute_unprepared(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    };
    let create = async |table: &str, columns: &[&str], condition: &str| {
        let (name, columns) = (columns.join("_"), columns.join("\", \""));
        let condition = if is_mysql { "" } else { condition };
        run(format!("CREATE INDEX \"ix_{table}_{name}\" ON \"{table}\" (\"{columns}\"){condition}")).await;
    };
    let drop = async |table: &str, columns: &[&str]| {
        let on_table = if is_mysql { format!(" ON \"{table}\"") } else { String::new() };
        run(format!("DROP INDEX \"ix_{table}_{}\"{on_table}", columns.join("_"))).await;
    };
    let present = " WHERE \"deleted_at\" IS NULL";

    create("tasks", &["project_id", "updated_at", "id"], present).await;
    create("tasks", &["project_id", "title", "id"], present).await;
    drop("tasks", &["org_id", "created_at", "id"]).await;
    create("notifications", &["org_id", "user_id", "read_at", "id"], "").await;
    drop("notifications", &["org_id", "user_id", "read_at"]).await;
    create("audit_entries", &["org_id", "occurred_at", "id"], "").await;
    Migrator::up(connection, Some(steps)).await.unwrap();
    assert_same(&schema(connection).await, &new, "after going on");

    drop("audit_entries", &["org_id", "occurred_at", "id"]).await;
    create("notifications", &["org_id", "user_id", "read_at"], "").await;
    create("tasks", &["org_id", "created_at", "id"], "").await;
    drop("tasks", &["project_id", "title", "id"]).await;
    Migrator::down(connection, Some(steps)).await.unwrap();
    assert_same(&schema(connection).await, &old, "after going on to revert");
}

async fn up_down_up(kind: &str) {
    let fixture = Fixture::without_schema(kind).await;
    let connection = &fixture.operator;
    Migrator::up(connection, None).await.unwrap();
    fixture.found("ada").await;
    Migrator::down(connection, None).await.unwrap();
    assert_eq!(tables(connection).await, ["seaql_migrations"], "down leaves nothing behind");
    Migrator::up(connection, None).await.unwrap();
    assert!(Migrator::get_pending_migrations(connection).await.unwrap().is_empty());
    let owner = fixture.found("ada").await;
    fixture.project(&owner, "ENG", Visibility::Organization).await;
    let projects = fixture.queries.projects.list(owner.viewer, &ProjectFilter::default(), &request(10, vec![])).await;
    assert_eq!(projects.unwrap().items.len(), 1);
}

/// From the newest version down: each step down and up leads to the schema that going up from nothing leads to, and
/// leaves the rows of every table alone that it has no business with.
async fn step_by_step(kind: &str) {
    let fixture = Fixture::without_schema(kind).await;
    let connection = &fixture.operator;
    let mut schemas = vec![schema(connection).await];
    for _ in names() {
        Migrator::up(connection, Some(1)).await.unwrap();
        schemas.push(schema(connection).await);
    }
    fill(&fixture).await;
    for (version, name) in names().iter().enumerate().rev() {
        let full = contents(connection).await;
        assert!(full.iter().all(|(table, rows)| !rows.is_empty() || table == "seaql_migrations"), "{full:?}");
        Migrator::down(connection, Some(1)).await.unwrap();
        assert_same(&schema(connection).await, &schemas[version], &format!("after {name} was reverted"));
        let reverted = contents(connection).await;
        compare(&full, &reverted, &schemas[version + 1], &schemas[version], &format!("reverting {name}"));
        Migrator::up(connection, Some(1)).await.unwrap();
        assert_same(&schema(connection).await, &schemas[version + 1], &format!("after {name} was applied again"));
        let applied = contents(connection).await;
        compare(&reverted, &applied, &schemas[version], &schemas[version + 1], &format!("applying {name}"));
        Migrator::down(connection, Some(1)).await.unwrap();
    }
    assert_eq!(tables(connection).await, ["seaql_migrations"]);
}

/// What there is in each table: columns, keys, indexes, triggers. One line each.
type Schema = BTreeMap<String, BTreeSet<String>>;

/// The rows of each table as text.
type Contents = BTreeMap<String, Vec<String>>;

fn assert_same(found: &Schema, expected: &Schema, when: &str) {
    let flat = |schema: &Schema| -> BTreeSet<String> {
        schema.iter().flat_map(|(table, lines)| lines.iter().map(move |line| format!("{table}: {line}"))).collect()
    };
    let (found, expected) = (flat(found), flat(expected));
    let differences: Vec<_> = found.symmetric_difference(&expected).collect();
    assert!(differences.is_empty(), "{when}, the schema is another than from scratch: {differences:#?}");
}

/// Rows survive a step in every table that has the same columns before and after, and none is lost from the others.
fn compare(before: &Contents, after: &Contents, from: &Schema, to: &Schema, step: &str) {
    let columns = |schema: &Schema, table: &str| -> Vec<String> {
        schema[table].iter().filter(|line| line.starts_with("column")).cloned().collect()
    };
    for (table, rows) in before {
        let Some(left) = after.get(table) else { continue };
        if table == "seaql_migrations" {
            continue;
        }
        if columns(from, table) == columns(to, table) {
            assert_eq!(left, rows, "{step} changed the rows of {table}");
        } else {
            assert_eq!(left.len(), rows.len(), "{step} lost rows of {table}");
        }
    }
}

/// At least one row in every table: through the application where it is quick, else by hand.
pub(super) async fn fill(fixture: &Fixture) {
    let connection = &fixture.operator;
    for name in ["ada", "bob"] {
        let owner = fixture.found(name).await;
        let project = fixture.project(&owner, "ENG", Visibility::Private).await;
        let task = CreateTask {
            assignees: Assignees::parse([owner.viewer.user]).unwrap(),
            labels: Labels::parse(["first", "second"]).unwrap(),
            ..new_task(project.id, "Fix the door")
        };
        fixture.app.execute(&owner.actor, task).await.unwrap();
    }
    let key = if connection.get_database_backend() == DbBackend::MySql { "`key`" } else { "\"key\"" };
    for statement in [
        "UPDATE users SET email_verified_at = created_at",
        "INSERT INTO invitations (id, org_id, email, role, invited_by, created_at, expires_at) \
         SELECT id, org_id, 'grace@example.com', 'member', user_id, created_at, created_at FROM sessions",
        "INSERT INTO custom_roles (id, org_id, level, name, name_key, description, base, permissions, version, \
         created_at, updated_at) SELECT id, org_id, 'organization', 'Auditor', 'auditor', '', 'guest', \
         'organization.view audit.view', 1, created_at, created_at FROM sessions",
        "INSERT INTO organization_domains (id, org_id, name, token, misses, version, created_at, updated_at) \
         SELECT id, org_id, 'example.com', 'token', 0, 1, created_at, created_at FROM sessions",
        "INSERT INTO organization_exclusions (org_id, user_id, excluded_at) \
         SELECT org_id, user_id, created_at FROM sessions",
        "INSERT INTO excluded_addresses (org_id, address_digest, excluded_at) \
         SELECT org_id, 'digest', created_at FROM sessions",
        "INSERT INTO personal_access_tokens (id, org_id, owner_id, name, scopes, token_hash, created_at) \
         SELECT id, org_id, user_id, 'Import', 'tasks:read', 'digest', created_at FROM sessions",
        "INSERT INTO account_requests (id, user_id, kind, email, created_at, expires_at) \
         SELECT id, user_id, 'reset_password', 'ada@example.com', created_at, expires_at FROM sessions",
        "INSERT INTO second_factors (user_id, key_id, secret, recovery_codes, wrong_codes, version, created_at, \
         updated_at) SELECT user_id, 'derived', 'sealed', '[]', 0, 1, created_at, created_at FROM sessions",
        "INSERT INTO sign_in_challenges (id, user_id, token_hash, checked, invitation_mailed, wrong_codes, created_at, \
         expires_at) SELECT id, user_id, 'digest', 'digest', FALSE, 0, created_at, expires_at FROM sessions",
        "INSERT INTO passkeys (id, user_id, credential_digest, name, credential, synced, version, created_at) \
         SELECT s.id, u.id, u.email, 'Phone', '{}', FALSE, 1, u.created_at FROM sessions s \
         JOIN users u ON u.id = s.user_id",
        "INSERT INTO finished_ceremonies (digest, expires_at) SELECT email, created_at FROM users",
        "INSERT INTO teams (id, org_id, name, name_key, version, created_at, updated_at) \
         SELECT id, org_id, 'Platform', 'platform', 1, created_at, created_at FROM sessions",
        "INSERT INTO team_members (team_id, user_id, org_id, added_at) SELECT id, user_id, org_id, created_at FROM sessions",
        "INSERT INTO project_teams (project_id, team_id, org_id, role, added_at) \
         SELECT projects.id, teams.id, projects.org_id, 'viewer', projects.created_at \
         FROM projects JOIN teams ON teams.org_id = projects.org_id",
        "INSERT INTO identity_providers (id, org_id, name, issuer, client_id, scopes, domains, group_roles, \
         provisioning, enabled, version, created_at, updated_at) SELECT id, org_id, 'Staff', 'https://idp.example.com', \
         'tenon', '[]', '[]', '{}', FALSE, TRUE, 1, created_at, created_at FROM sessions",
        "INSERT INTO external_identities (id, user_id, provider, provider_id, issuer, subject, created_at, \
         last_used_at) SELECT id, user_id, 'corp', id, 'https://idp.example.com', refresh_hash, created_at, \
         created_at FROM sessions",
        "INSERT INTO sign_in_codes (id, user_id, provider, organization_id, code_hash, browser_hash, created_at, \
         expires_at) SELECT id, user_id, 'corp', org_id, 'digest', 'digest', created_at, expires_at FROM sessions",
        "INSERT INTO event_receipts (event_id, subscriber) SELECT id, 'audit' FROM outbox",
        "INSERT INTO failed_jobs (event_id, subscriber, payload, error, failed_at) \
         SELECT id, 'email', payload, 'no route to host', occurred_at FROM outbox",
        "INSERT INTO notifications (id, org_id, user_id, event_id, kind, title, body, resource_kind, resource_id, \
         resource_name, created_at) \
         SELECT id, org_id, user_id, id, 'task.assigned', 'A task', '', 'task', id, 'ENG-1', created_at FROM sessions",
        "INSERT INTO audit_entries (id, org_id, action, actor_kind, actor_id, resource_kind, resource_id, \
         resource_name, changes, occurred_at) \
         SELECT id, org_id, 'task.created', 'user', user_id, 'task', id, 'ENG-1', '[]', created_at FROM sessions",
        &format!(
            "INSERT INTO idempotency_keys (user_id, {key}, fingerprint, state, claimed_at) \
             SELECT user_id, 'walk-through', 'f', 'running', created_at FROM sessions"
        ),
    ] {
        connection.execute_unprepared(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

pub(super) async fn texts(connection: &DatabaseConnection, sql: &str) -> Vec<String> {
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await;
    let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

async fn tables(connection: &DatabaseConnection) -> Vec<String> {
    let listing = match connection.get_database_backend() {
        DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        DbBackend::Postgres => "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'",
        _ => "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
    };
    texts(connection, listing).await
}

async fn contents(connection: &DatabaseConnection) -> Contents {
    let mut contents = Contents::new();
    for table in tables(connection).await {
        let columns = match connection.get_database_backend() {
            DbBackend::Postgres => vec![format!("{table}::text")],
            DbBackend::Sqlite => texts(connection, &format!("SELECT name FROM pragma_table_info('{table}')")).await,
            _ => {
                let listing = "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE()";
                texts(connection, &format!("{listing} AND table_name = '{table}' ORDER BY ordinal_position")).await
            }
        };
        let row: Vec<_> = columns
            .iter()
            .map(|column| match connection.get_database_backend() {
                DbBackend::Postgres => column.clone(),
                DbBackend::Sqlite => format!("quote(\"{column}\")"),
                _ => format!("COALESCE(HEX(`{column}`), 'NULL')"),
            })
            .collect();
        let row = match connection.get_database_backend() {
            DbBackend::MySql => format!("CONCAT_WS('|', {})", row.join(", ")),
            _ => row.join(" || '|' || "),
        };
        let mut rows = texts(connection, &format!("SELECT {row} FROM {table}")).await;
        rows.sort();
        contents.insert(table, rows);
    }
    contents
}

async fn schema(connection: &DatabaseConnection) -> Schema {
    let queries: &[&str] = match connection.get_database_backend() {
        DbBackend::Sqlite => &[
            "SELECT m.name || '/column ' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || \
             coalesce(c.dflt_value, '') || ' ' || c.pk FROM sqlite_master m, pragma_table_info(m.name) c \
             WHERE m.type = 'table'",
            "SELECT m.name || '/foreign key ' || k.\"from\" || ' ' || k.\"table\" || ' ' || k.on_delete \
             FROM sqlite_master m, pragma_foreign_key_list(m.name) k WHERE m.type = 'table'",
            "SELECT tbl_name || '/' || type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master \
             WHERE type IN ('index', 'trigger')",
        ],
        DbBackend::Postgres => &[
            "SELECT table_name || '/column ' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || \
             coalesce(column_default, '') || ' ' || coalesce(character_maximum_length::text, '') \
             FROM information_schema.columns WHERE table_schema = 'public'",
            "SELECT conrelid::regclass::text || '/constraint ' || conname || ' ' || pg_get_constraintdef(oid) \
             FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0",
            "SELECT tablename || '/' || indexdef FROM pg_indexes WHERE schemaname = 'public'",
            "SELECT tgrelid::regclass::text || '/trigger ' || pg_get_triggerdef(oid) FROM pg_trigger \
             WHERE NOT tgisinternal",
            "SELECT relname || '/security ' || relrowsecurity || ' ' || relforcerowsecurity FROM pg_class \
             WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
            // Whether there is something to be left open depends on the rows, not on the schema.
            "SELECT tablename || '/policy ' || policyname || ' ' || permissive || ' ' || cmd || ' ' || qual || ' ' || \
             with_check FROM pg_policies WHERE schemaname = 'public' AND policyname <> 'earlier_release'",
        ],
        _ => &[
            "SELECT CONCAT(table_name, '/column ', column_name, ' ', column_type, ' ', is_nullable, ' ', \
             COALESCE(column_default, ''), ' ', extra, ' ', COALESCE(collation_name, '')) \
             FROM information_schema.columns WHERE table_schema = DATABASE()",
            "SELECT CONCAT(table_name, '/index ', index_name, ' ', non_unique, ' ', seq_in_index, ' ', column_name) \
             FROM information_schema.statistics WHERE table_schema = DATABASE()",
            "SELECT CONCAT(table_name, '/foreign key ', constraint_name, ' ', referenced_table_name, ' ', \
             delete_rule) FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE()",
            "SELECT CONCAT(event_object_table, '/trigger ', trigger_name, ' ', event_manipulation) \
             FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
        ],
    };
    let mut schema = Schema::new();
    for query in queries {
        for line in texts(connection, query).await {
            let (table, line) = line.split_once('/').unwrap();
            if table == "seaql_migrations" {
                continue;
            }
            schema.entry(table.to_owned()).or_default().insert(line.to_owned());
        }
    }
    schema
}
