//! What goes wrong, and what it leaves behind.

use super::*;

#[tokio::test]
async fn a_unit_that_fails_is_dropped_or_panics_takes_back_only_its_own() {
    let world = World::new().await;
    let first = world.unit(1).await;
    let [failing, panicking] = [false, true].map(|panics| {
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            let share = world.group_commit.begin().await.unwrap();
            run(&share, &format!("INSERT INTO t VALUES ({})", 10 + i32::from(panics))).await.unwrap();
            assert!(!panics, "a defect");
            // A version check that found another version, say.
            run(&share, "INSERT INTO t VALUES (1)").await
        })
    });
    while world.queued() < 2 {
        tokio::task::yield_now().await;
    }
    let last = world.queue(2).await;
    first.commit().await.unwrap();
    failing.await.unwrap().unwrap_err();
    assert!(panicking.await.unwrap_err().is_panic());
    last.await.unwrap().unwrap();
    assert_eq!(world.rows().await, [1, 2]);
}

#[tokio::test]
async fn who_hangs_up_leaves_nothing_dangling() {
    let world = World::new().await;
    let first = world.unit(1).await;
    // One who waits for a turn, and one who waits for the acknowledgement.
    let waiting = world.queue(2).await;
    let last = world.queue(3).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    tokio::select! {
        biased;
        _ = first.commit() => unreachable!("the disk cannot be that fast"),
        () = std::future::ready(()) => {}
    }
    last.await.unwrap().unwrap();
    assert_eq!(world.rows().await, [1, 3], "what was to be committed is");
    // In the middle of a statement.
    for id in 4..50 {
        let share = world.group_commit.begin().await.unwrap();
        let insert = format!("INSERT INTO t VALUES ({id})");
        tokio::select! {
            biased;
            _ = async { for _ in 0..id { tokio::task::yield_now().await; } } => {}
            _ = run(&share, &insert) => {}
        }
    }
    world.goes_on().await;
    assert_eq!(world.rows().await, [1, 3, 1000]);
}

#[tokio::test]
async fn when_the_commit_fails_nobody_is_acknowledged() {
    let world = World::new().await;
    let first = world.unit(1).await;
    let broken = Arc::clone(&world);
    let broken = tokio::spawn(async move {
        let share = broken.group_commit.begin().await.unwrap();
        // Looked at by the commit only.
        run(&share, "INSERT INTO child VALUES (77)").await.unwrap();
        share.commit().await
    });
    while world.queued() == 0 {
        tokio::task::yield_now().await;
    }
    let last = world.queue(2).await;
    let outcomes = [first.commit().await, broken.await.unwrap(), last.await.unwrap()];
    for outcome in outcomes {
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    }
    assert_eq!(world.rows().await, [0; 0]);
    world.goes_on().await;
}

#[tokio::test]
async fn when_sqlite_rolls_everything_back_nobody_is_acknowledged() {
    let world = World::new().await;
    world.unit(5).await.commit().await.unwrap();
    let first = world.unit(1).await;
    let breaking = Arc::clone(&world);
    let breaking = tokio::spawn(async move {
        let share = breaking.group_commit.begin().await.unwrap();
        run(&share, "INSERT OR ROLLBACK INTO t VALUES (5)").await
    });
    while world.queued() == 0 {
        tokio::task::yield_now().await;
    }
    let last = world.queue(2).await;
    assert!(matches!(first.commit().await, Err(StoreError::Unavailable(_))));
    breaking.await.unwrap().unwrap_err();
    last.await.unwrap().unwrap();
    assert_eq!(world.rows().await, [2, 5], "the next one had a new transaction");
    // The same when whoever broke it does not notice.
    let share = world.group_commit.begin().await.unwrap();
    run(&share, "INSERT OR ROLLBACK INTO t VALUES (5)").await.unwrap_err();
    assert!(matches!(share.commit().await, Err(StoreError::Unavailable(_))));
    world.goes_on().await;
}

#[tokio::test]
async fn who_waits_too_long_is_told() {
    let world = World::patient(Duration::from_millis(50)).await;
    let first = world.unit(1).await;
    let refused = world.group_commit.begin().await.err();
    assert!(matches!(refused, Some(StoreError::Unavailable(_))), "{refused:?}");
    first.commit().await.unwrap();
    world.goes_on().await;
}
