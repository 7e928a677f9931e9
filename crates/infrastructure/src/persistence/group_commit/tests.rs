use std::sync::Arc;

use sea_orm::sqlx::sqlite::SqliteJournalMode;
use sea_orm::{ConnectOptions, Database, Statement};
use tempfile::TempDir;

use super::*;

mod failures;

const PATIENCE: Duration = Duration::from_secs(10);

/// A database with an empty table `t`, its queue of writers, and somebody who only reads.
struct World {
    group_commit: GroupCommit,
    reader: DatabaseConnection,
    _home: TempDir,
}

async fn connect(home: &TempDir) -> DatabaseConnection {
    let mut options = ConnectOptions::new(format!("sqlite:{}", home.path().join("test.db").display()));
    options.max_connections(1).sqlx_logging(false).map_sqlx_sqlite_opts(|options| {
        options.create_if_missing(true).journal_mode(SqliteJournalMode::Wal).foreign_keys(true)
    });
    Database::connect(options).await.unwrap()
}

impl World {
    async fn new() -> Arc<Self> {
        Self::patient(PATIENCE).await
    }

    async fn patient(patience: Duration) -> Arc<Self> {
        let home = TempDir::new().unwrap();
        let writer = connect(&home).await;
        let tables = "CREATE TABLE t (id INTEGER PRIMARY KEY); \
                      CREATE TABLE child (id INTEGER PRIMARY KEY REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)";
        writer.execute_unprepared(tables).await.unwrap();
        let reader = connect(&home).await;
        Arc::new(Self { group_commit: GroupCommit::start(writer, patience), reader, _home: home })
    }

    /// A unit of work that has written a row.
    async fn unit(&self, id: i32) -> Share {
        let share = self.group_commit.begin().await.unwrap();
        run(&share, &format!("INSERT INTO t VALUES ({id})")).await.unwrap();
        share
    }

    /// What others see.
    async fn rows(&self) -> Vec<i32> {
        let all = Statement::from_string(sea_orm::DbBackend::Sqlite, "SELECT id FROM t ORDER BY id");
        let rows = self.reader.query_all_raw(all).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    /// Starts a unit of work that writes a row and commits, and waits until it stands in the queue.
    async fn queue(self: &Arc<Self>, id: i32) -> tokio::task::JoinHandle<Result<(), StoreError>> {
        let world = Arc::clone(self);
        let before = self.queued();
        let unit = tokio::spawn(async move { world.unit(id).await.commit().await });
        while self.queued() == before {
            tokio::task::yield_now().await;
        }
        unit
    }

    fn queued(&self) -> usize {
        self.group_commit.turns.max_capacity() - self.group_commit.turns.capacity()
    }

    /// Whatever happened before, the next one can write.
    async fn goes_on(&self) {
        self.unit(1000).await.commit().await.unwrap();
        assert!(self.rows().await.contains(&1000));
    }
}

async fn run(share: &Share, sql: &str) -> Result<(), sea_orm::DbErr> {
    share.transaction().unwrap().execute_unprepared(sql).await.map(drop)
}

#[tokio::test]
async fn a_unit_alone_is_committed_at_once() {
    let world = World::new().await;
    world.unit(1).await.commit().await.unwrap();
    assert_eq!(world.rows().await, [1]);
    world.goes_on().await;
}

#[tokio::test]
async fn units_that_come_together_are_acknowledged_together() {
    let world = World::new().await;
    let first = world.unit(1).await;
    // The second one finds a third behind it, so its release commits nothing yet.
    let second = world.queue(2).await;
    let world_of_third = Arc::clone(&world);
    let before = world.queued();
    let third = tokio::spawn(async move { world_of_third.unit(3).await });
    while world.queued() == before {
        tokio::task::yield_now().await;
    }
    let first = tokio::spawn(first.commit());
    let third = third.await.unwrap();
    assert!(!first.is_finished() && !second.is_finished());
    assert_eq!(world.rows().await, [0; 0], "nothing is seen before the commit");
    third.commit().await.unwrap();
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(world.rows().await, [1, 2, 3]);
}

#[tokio::test]
async fn units_have_their_turns_in_the_order_they_came() {
    let world = World::new().await;
    run_sql(
        &world,
        "CREATE TABLE log (n INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER); \
                     CREATE TRIGGER noted AFTER INSERT ON t BEGIN INSERT INTO log (id) VALUES (new.id); END",
    )
    .await;
    let first = world.unit(100).await;
    let mut units = Vec::new();
    for id in (0..40).rev() {
        units.push(world.queue(id).await);
    }
    first.commit().await.unwrap();
    for unit in units {
        unit.await.unwrap().unwrap();
    }
    let all = Statement::from_string(sea_orm::DbBackend::Sqlite, "SELECT id FROM log ORDER BY n");
    let rows = world.reader.query_all_raw(all).await.unwrap();
    let order: Vec<i32> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    assert_eq!(order, [100].into_iter().chain((0..40).rev()).collect::<Vec<_>>());
}

async fn run_sql(world: &World, sql: &str) {
    let share = world.group_commit.begin().await.unwrap();
    run(&share, sql).await.unwrap();
    share.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_is_acknowledged_for_exactly_what_is_there() {
    let world = World::new().await;
    let units: Vec<_> = (0..300)
        .map(|id| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                let share = world.unit(id).await;
                match id % 3 {
                    0 => {
                        drop(share);
                        false
                    }
                    _ => share.commit().await.is_ok(),
                }
            })
        })
        .collect();
    let mut acknowledged = Vec::new();
    for (id, unit) in (0..).zip(units) {
        if unit.await.unwrap() {
            acknowledged.push(id);
        }
    }
    assert_eq!(acknowledged.len(), 200);
    assert_eq!(world.rows().await, acknowledged);
}
