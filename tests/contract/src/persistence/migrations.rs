use sea_orm::{ConnectionTrait, DbBackend};
use tenon_application::projects::ProjectFilter;
use tenon_domain::access::Visibility;
use tenon_migrations::{Migrator, MigratorTrait};

use super::fixture::Fixture;
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

async fn up_down_up(kind: &str) {
    let fixture = Fixture::without_schema(kind).await;
    let connection = fixture.database.connection();
    Migrator::up(connection, None).await.unwrap();
    fixture.found("ada").await;
    Migrator::down(connection, None).await.unwrap();
    assert_eq!(tables(&fixture).await, ["seaql_migrations"], "down leaves nothing behind");
    // Every step can be taken back on its own.
    for _ in 0..Migrator::migrations().len() {
        Migrator::up(connection, Some(1)).await.unwrap();
        Migrator::down(connection, Some(1)).await.unwrap();
        Migrator::up(connection, Some(1)).await.unwrap();
    }
    assert!(Migrator::get_pending_migrations(connection).await.unwrap().is_empty());
    let owner = fixture.found("ada").await;
    fixture.project(&owner, "ENG", Visibility::Organization).await;
    let projects = fixture.queries.projects.list(owner.viewer, &ProjectFilter::default(), &request(10, vec![])).await;
    assert_eq!(projects.unwrap().items.len(), 1);
}

async fn tables(fixture: &Fixture) -> Vec<String> {
    let listing = match fixture.database.backend() {
        DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        DbBackend::Postgres => "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
        _ => "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
    };
    let rows = fixture
        .database
        .connection()
        .query_all_raw(sea_orm::Statement::from_string(fixture.database.backend(), listing));
    rows.await.unwrap().iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}
