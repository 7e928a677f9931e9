//! A replica that lags behind: here, one that hears of nothing at all.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::Database as Connections;
use tenon_application::documents::Documents;
use tenon_application::ports::Cache;
use tenon_application::tasks::{ListTasks, TaskFilter, TaskRef};
use tenon_application::{App, Replica};
use tenon_domain::access::{OrganizationRole, Visibility};
use tenon_infrastructure::cache::InProcessCache;
use tenon_infrastructure::persistence::{Database, DatabaseSettings, SqlDocumentSource, SqlQueries};
use tenon_migrations::{Migrator, MigratorTrait};

use super::databases::TestDatabase;
use super::documents::read;
use super::fixture::{Fixture, Person};
use super::lists::request;

async fn listed(fixture: &Fixture, who: &Person) -> usize {
    let list = ListTasks { project: None, filter: TaskFilter::default(), page: request(10, vec![]) };
    fixture.app.ask(&who.actor, list).await.unwrap().items.len()
}

async fn writers_read_their_writes(kind: &str) {
    let mut fixture = Fixture::new(kind).await;
    let stale = TestDatabase::create(kind).await;
    let unmoved = Connections::connect(stale.operator_url()).await.unwrap();
    Migrator::up(&unmoved, None).await.unwrap();
    unmoved.close().await.unwrap();
    let settings = DatabaseSettings {
        read_url: Some(stale.url()),
        acquire_timeout: Duration::from_secs(20),
        ..DatabaseSettings::new(fixture.url())
    };
    let database = Database::connect(&settings).await.unwrap();
    let cache: Arc<dyn Cache> = Arc::new(InProcessCache::default());
    fixture.app = App {
        queries: SqlQueries::new(database.without_replica()).queries(),
        replica: Some(Replica::new(SqlQueries::new(database.clone()).queries(), Arc::clone(&cache))),
        documents: Documents::new(cache, Arc::new(SqlDocumentSource::new(database.clone()))),
        ..fixture.app.clone()
    };
    let ada = fixture.found("ada").await;
    let mia = fixture.join(&ada, "mia", OrganizationRole::Member).await;
    assert_eq!(listed(&fixture, &mia).await, 0);
    let project = fixture.project(&ada, "ENG", Visibility::Organization).await.id;
    let task = fixture.task(&ada, project, "Fix the door").await.id;
    assert_eq!(listed(&fixture, &ada).await, 1, "the writer reads from the primary");
    assert_eq!(listed(&fixture, &mia).await, 0, "others may wait for the replica");
    for _ in 0..2 {
        let document = read(&fixture, &mia, TaskRef::Id(task)).await.unwrap();
        assert!(document.body().contains("Fix the door"), "the cache is filled from the primary");
    }
    database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    writers_read_their_writes("postgres").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_mysql() {
    writers_read_their_writes("mysql").await;
}
