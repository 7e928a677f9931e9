//! PostgreSQL itself keeps tenants apart, whatever a query forgets: asked with SQL by hand, as the application's own role.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection};
use tenon_application::Scope;
use tenon_application::idempotency::Fingerprint;
use tenon_application::tasks::TaskFilter;
use tenon_domain::access::{OrganizationRole, Visibility};
use tenon_domain::organizations::Invitation;
use tenon_infrastructure::persistence::{Database, DatabaseSettings};
use tenon_migrations::{Migrator, MigratorTrait, finish};
use uuid::Uuid;

use super::fixture::{Fixture, email, one_connection};
use super::lists::request;
use super::migrations::{before, fill, texts};

/// A session as the role that the application connects as, which says this about itself.
async fn session(fixture: &Fixture, settings: &[(&str, &str)]) -> DatabaseConnection {
    let session = one_connection(&fixture.url()).await;
    for (name, value) in settings {
        session.execute_unprepared(&format!("SET {name} = '{value}'")).await.unwrap();
    }
    session
}

async fn count(session: &DatabaseConnection, rows: &str) -> u64 {
    texts(session, &format!("SELECT count(*)::text FROM {rows}")).await[0].parse().unwrap()
}

/// The tables that hold rows of tenants, each with the column that names the tenant.
async fn tenant_tables(fixture: &Fixture) -> Vec<(String, &'static str)> {
    let listing = "SELECT table_name::text FROM information_schema.columns \
                   WHERE table_schema = 'public' AND column_name = 'org_id' ORDER BY table_name";
    let named = texts(&fixture.operator, listing).await.into_iter().map(|table| (table, "org_id"));
    named.chain([("organizations".to_owned(), "id")]).collect()
}

/// Rows in every table, of two organizations.
async fn filled() -> (Fixture, [String; 2]) {
    let fixture = Fixture::new("postgres").await;
    fill(&fixture).await;
    let organizations = texts(&fixture.operator, "SELECT id::text FROM organizations ORDER BY name").await;
    (fixture, organizations.try_into().expect("two organizations"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_with_an_organization_is_closed() {
    let fixture = Fixture::new("postgres").await;
    let tables = tenant_tables(&fixture).await;
    for (table, _) in &tables {
        let state = format!(
            "SELECT concat_ws(' ', relrowsecurity, relforcerowsecurity, \
             (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid)) FROM pg_class c WHERE oid = '{table}'::regclass"
        );
        let state = texts(&fixture.operator, &state).await;
        assert_eq!(state, ["t t 1"], "{table}: a migration that makes such a table calls `isolate` for it");
    }
    let security = fixture.database.row_security().await.unwrap().unwrap();
    assert_eq!((security.tables, security.open), (tables.len(), Vec::new()));
    assert!(!security.bypassed && !security.lets_earlier_release_in, "the role {}", security.role);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_doctor_looks_for_is_found() {
    let fixture = Fixture::new("postgres").await;
    for (change, back) in [
        ("ALTER TABLE tasks DISABLE ROW LEVEL SECURITY", "ALTER TABLE tasks ENABLE ROW LEVEL SECURITY"),
        ("ALTER TABLE tasks NO FORCE ROW LEVEL SECURITY", "ALTER TABLE tasks FORCE ROW LEVEL SECURITY"),
        ("CREATE POLICY everybody ON tasks USING (true)", "DROP POLICY everybody ON tasks"),
        ("DROP POLICY tenant ON tasks", "CREATE POLICY tenant ON tasks USING (true)"),
    ] {
        fixture.operator.execute_unprepared(change).await.unwrap();
        let security = fixture.database.row_security().await.unwrap().unwrap();
        assert_eq!(security.open, ["tasks"], "{change}");
        fixture.operator.execute_unprepared(back).await.unwrap();
    }
    let security = fixture.database.row_security().await.unwrap().unwrap();
    assert_eq!(security.open, ["tasks"], "a policy that asks nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_read_as_a_superuser_is_found() {
    let fixture = Fixture::new("postgres").await;
    let read_url = Some(fixture.superuser_url());
    let settings = DatabaseSettings { read_url, ..DatabaseSettings::new(fixture.url()) };
    let database = Database::connect(&settings).await.unwrap();
    let security = database.row_security().await.unwrap().unwrap();
    let own = fixture.database.row_security().await.unwrap().unwrap();
    assert!(security.bypassed && security.role != own.role, "{security:?}");
    database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_of_another_organization_or_of_none_reaches_no_row() {
    let (fixture, [ada, bob]) = filled().await;
    let stranger = Uuid::from_u128(7).to_string();
    let silent = session(&fixture, &[]).await;
    let cleared = session(&fixture, &[("tenon.org_id", ""), ("tenon.user_id", ""), ("tenon.scope", "")]).await;
    let lost = session(&fixture, &[("tenon.org_id", stranger.as_str()), ("tenon.user_id", stranger.as_str())]).await;
    let bobs = session(&fixture, &[("tenon.org_id", bob.as_str())]).await;
    for (table, column) in tenant_tables(&fixture).await {
        let of_ada = format!("{table} WHERE {column} = '{ada}'");
        let (adas, own) = (count(&fixture.operator, &of_ada).await, format!("{table} WHERE {column} = '{bob}'"));
        let own = count(&fixture.operator, &own).await;
        assert!(adas > 0 && own > 0, "there is nothing to be found in {table}");
        for session in [&silent, &cleared, &lost] {
            assert_eq!(count(session, &table).await, 0, "{table}");
        }
        assert_eq!((count(&bobs, &table).await, count(&bobs, &of_ada).await), (own, 0), "{table}");
        for session in [&silent, &lost, &bobs] {
            let changed = format!("UPDATE {table} SET {column} = {column} WHERE {column} = '{ada}'");
            assert_eq!(session.execute_unprepared(&changed).await.unwrap().rows_affected(), 0, "{table}");
            let deleted = session.execute_unprepared(&format!("DELETE FROM {of_ada}")).await.unwrap();
            assert_eq!(deleted.rows_affected(), 0, "{table}");
        }
        assert_eq!(count(&fixture.operator, &of_ada).await, adas, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_can_put_nothing_into_another_organization() {
    let (fixture, [ada, bob]) = filled().await;
    let silent = session(&fixture, &[]).await;
    let bobs = session(&fixture, &[("tenon.org_id", bob.as_str())]).await;
    for (table, column) in tenant_tables(&fixture).await {
        let row = format!("SELECT row_to_json(t)::text FROM {table} t WHERE {column} = '{ada}' LIMIT 1");
        let row = texts(&fixture.operator, &row).await[0].replace('\'', "''");
        let insert = format!("INSERT INTO {table} SELECT * FROM json_populate_record(NULL::{table}, '{row}')");
        for session in [&silent, &bobs] {
            let refusal = session.execute_unprepared(&insert).await.unwrap_err().to_string();
            assert!(refusal.contains("row-level security"), "{table}: {refusal}");
        }
        // Its own rows cannot be given away.
        let given = bobs.execute_unprepared(&format!("UPDATE {table} SET {column} = '{ada}'")).await;
        let refusal = given.unwrap_err().to_string();
        assert!(refusal.contains("row-level security") || refusal.contains("append-only"), "{table}: {refusal}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_across_tenants_ends_where_an_organization_is_named() {
    let (fixture, [_, bob]) = filled().await;
    let signing_in = session(&fixture, &[("tenon.scope", "deployment")]).await;
    for table in ["organizations", "tasks", "members", "sessions", "outbox"] {
        assert_eq!(count(&signing_in, table).await, count(&fixture.operator, table).await, "{table}");
    }
    signing_in.execute_unprepared(&format!("SET tenon.org_id = '{bob}'")).await.unwrap();
    for table in ["organizations", "tasks"] {
        assert_eq!(count(&signing_in, table).await, 1, "{table}");
    }
    // Those who sign in may have been somewhere else before.
    for table in ["members", "sessions", "outbox"] {
        assert_eq!(count(&signing_in, table).await, count(&fixture.operator, table).await, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_of_work_tells_the_database_which_organization_it_enters() {
    let fixture = Fixture::new("postgres").await;
    let (ada, bob) = (fixture.found("ada").await, fixture.found("bob").await);
    let id = fixture.id();
    let invitation = Invitation::create(id, email("max"), OrganizationRole::Guest, ada.viewer.user, fixture.now());
    let mut unit = fixture.unit(&ada).await;
    unit.invitations().save(invitation).await.unwrap();
    unit.commit().await.unwrap();
    // Nothing but row-level security narrows this question down.
    let mut unit = fixture.deployment().await;
    assert_eq!(unit.invitations().organization_of(id).await.unwrap(), Some(ada.viewer.organization));
    unit.enter(bob.viewer.organization).await.unwrap();
    assert_eq!(unit.invitations().organization_of(id).await.unwrap(), None);
    unit.enter(ada.viewer.organization).await.unwrap();
    assert_eq!(unit.invitations().organization_of(id).await.unwrap(), Some(ada.viewer.organization));
    drop(unit);
    let mut unit = fixture.unit(&bob).await;
    assert_eq!(unit.invitations().organization_of(id).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_reach_their_own_sessions_and_memberships_from_anywhere() {
    let (fixture, [ada, bob]) = filled().await;
    let user = texts(&fixture.operator, &format!("SELECT user_id::text FROM members WHERE org_id = '{ada}'")).await;
    let visiting = session(&fixture, &[("tenon.org_id", bob.as_str()), ("tenon.user_id", user[0].as_str())]).await;
    for table in ["members", "sessions"] {
        assert_eq!(count(&visiting, table).await, 2, "bob's, and their own: {table}");
    }
    assert_eq!(count(&visiting, "tasks").await, 1, "bob's alone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_keep_nothing_of_what_they_did() {
    let (fixture, _) = filled().await;
    let settings = "SELECT current_setting('tenon.org_id') || current_setting('tenon.user_id') \
                    || current_setting('tenon.scope') || (SELECT count(*) FROM tasks)";
    let looks = (0..64).map(|_| {
        let connection = fixture.database.connection().clone();
        tokio::spawn(async move { texts(&connection, settings).await })
    });
    for look in looks.collect::<Vec<_>>() {
        assert_eq!(look.await.unwrap(), ["0"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_organizations_share_few_connections() {
    let fixture = Fixture::new("postgres").await;
    let mut viewers = Vec::new();
    for (tasks, name) in [(1, "ada"), (2, "bob"), (3, "eve"), (4, "mia"), (5, "max")] {
        let owner = fixture.found(name).await;
        let project = fixture.project(&owner, "ENG", Visibility::Organization).await.id;
        for _ in 0..tasks {
            fixture.task(&owner, project, "Fix the door").await;
        }
        viewers.push((owner.viewer, tasks));
    }
    let reads = (0_u64..500).map(|turn| {
        let (viewer, expected) = viewers[usize::try_from(turn).unwrap() % viewers.len()];
        let queries = fixture.queries.clone();
        tokio::spawn(async move {
            let filter = TaskFilter::default();
            let page = request(50, vec![]);
            let list = queries.tasks.list(viewer, &filter, &page);
            if turn % 3 == 0 {
                // Broken off somewhere on its way: the next one on its connection must not notice.
                drop(tokio::time::timeout(Duration::from_micros(turn), list).await);
            } else {
                assert_eq!(list.await.unwrap().items.len(), expected);
            }
        })
    });
    for read in reads.collect::<Vec<_>>() {
        read.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_of_work_that_is_broken_off_at_its_beginning_leaves_nothing_open() {
    let fixture = Fixture::new("postgres").await;
    let ada = fixture.found("ada").await;
    let (scope, user, now) = (Scope::from(ada.viewer), ada.viewer.user, fixture.now());
    for micros in 0..200 {
        let begin = fixture.transactions.begin(scope, &ada.actor, now);
        drop(tokio::time::timeout(Duration::from_micros(micros * 5), begin).await);
    }
    // A claim commits itself, unless its connection is still in somebody's transaction.
    let claims = (0..32).map(|number| {
        let keys = std::sync::Arc::clone(&fixture.keys);
        let fingerprint = Fingerprint { request: "a".repeat(32), caller: "b".repeat(32) };
        tokio::spawn(async move { keys.claim(user, &format!("key {number}"), &fingerprint, now, now).await.unwrap() })
    });
    for claim in claims.collect::<Vec<_>>() {
        claim.await.unwrap();
    }
    assert_eq!(count(&fixture.operator, "idempotency_keys").await, 32);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_release_before_is_let_in_until_the_upgrade_is_finished() {
    let fixture = Fixture::without_schema("postgres").await;
    Migrator::up(&fixture.operator, Some(before("row_security"))).await.unwrap();
    let founded = "INSERT INTO organizations (id, name, version, created_at, updated_at) \
                   VALUES (gen_random_uuid(), 'Analytical Engines', 1, now(), now())";
    fixture.operator.execute_unprepared(founded).await.unwrap();
    Migrator::up(&fixture.operator, None).await.unwrap();
    assert!(fixture.database.row_security().await.unwrap().unwrap().lets_earlier_release_in);
    let stranger = Uuid::from_u128(7).to_string();
    // Sessions of this release begin with an empty name; those of the one before know of none.
    for (settings, found) in
        [(vec![], 1), (vec![("tenon.org_id", "")], 0), (vec![("tenon.org_id", stranger.as_str())], 0)]
    {
        assert_eq!(count(&session(&fixture, &settings).await, "organizations").await, found, "{settings:?}");
    }
    assert_eq!(count(fixture.database.connection(), "organizations").await, 0, "the application itself");

    assert!(finish(&fixture.operator).await.unwrap() > 0);
    assert!(!fixture.database.row_security().await.unwrap().unwrap().lets_earlier_release_in);
    assert_eq!(count(&session(&fixture, &[]).await, "organizations").await, 0);
    assert_eq!(finish(&fixture.operator).await.unwrap(), 0, "there is nothing left to be done");
}
