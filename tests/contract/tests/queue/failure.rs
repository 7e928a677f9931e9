//! What becomes of jobs that fail, and of those whose worker ends or whose store is away.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenon_application::ports::{Attempt, Job, JobError};
use tokio::time::sleep;

use crate::places::Place;
use crate::worker::{Worker, job, jobs};

pub(crate) async fn failing_jobs_are_retried_as_they_ask(place: &dyn Place) {
    let queue = place.open("one").await;
    let numbers = |runs: Vec<(Job, Attempt)>| runs.iter().map(|(_, attempt)| attempt.number).collect::<Vec<_>>();

    let worker = Worker::start(Arc::clone(&queue), |attempt| async move {
        if attempt.number < 3 { Err(JobError::retry("away")) } else { Ok(()) }
    });
    queue.push(jobs(1)).await.unwrap();
    worker.has_run(3).await;
    sleep(Duration::from_millis(200)).await;
    assert_eq!(numbers(worker.stop().await), [1, 2, 3]);

    let worker = Worker::start(place.open("two").await, |_| async { Err(JobError::fail("refused")) });
    queue.push(jobs(1)).await.unwrap();
    worker.has_run(1).await;
    sleep(Duration::from_millis(200)).await;
    assert_eq!(numbers(worker.stop().await), [1]);

    let worker = Worker::start(place.open("three").await, |_| async { Err(JobError::retry("away for good")) });
    let failing = job();
    queue.push(vec![failing.clone()]).await.unwrap();
    worker.has_run(5).await;
    sleep(Duration::from_millis(500)).await;
    // The store has done with it; what comes next is another delivery of the event.
    queue.push(vec![Job { delivery: 2, ..failing }]).await.unwrap();
    worker.has_run(10).await;
    sleep(Duration::from_millis(500)).await;
    let runs = worker.stop().await;
    assert!(runs.iter().all(|(_, attempt)| attempt.is_last == (attempt.number == 5)));
    assert_eq!(numbers(runs), [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
    place.age_finished_jobs().await;
    queue.vacuum().await.unwrap();
    assert_eq!(place.stored_jobs().await, 0, "a job that failed for good is finished");
}

pub(crate) async fn jobs_of_a_killed_worker_are_run_by_another(place: &dyn Place) {
    let doomed = Worker::start(place.open("doomed").await, |_| std::future::pending());
    let queue = place.open("heir").await;
    // More than one worker takes at once: those it runs, those it holds, and those that wait.
    let pushed = jobs(30);
    queue.push(pushed.clone()).await.unwrap();
    doomed.has_run(4).await;
    doomed.kill();
    let heir = Worker::succeeding(queue);
    heir.has_run(pushed.len()).await;
    let runs = heir.stop().await;
    assert!(pushed.iter().all(|job| runs.iter().any(|(run, _)| run == job)));
}

pub(crate) async fn stopping_waits_for_running_jobs_only(place: &dyn Place) {
    let queue = place.open("one").await;
    let done = Arc::new(Mutex::new(0));
    let noted = Arc::clone(&done);
    let worker = Worker::start(Arc::clone(&queue), move |_| {
        let noted = Arc::clone(&noted);
        async move {
            sleep(Duration::from_millis(700)).await;
            *noted.lock().unwrap() += 1;
            Ok(())
        }
    });
    let pushed = jobs(20);
    queue.push(pushed.clone()).await.unwrap();
    worker.has_run(4).await;
    let started = worker.stop().await.len();
    assert_eq!(*done.lock().unwrap(), started, "what was started is finished");
    assert!(started < pushed.len(), "nothing new is started");
    // What was only held is free for others.
    let next = Worker::succeeding(place.open("two").await);
    next.has_run(pushed.len() - started).await;
    sleep(Duration::from_millis(200)).await;
    assert_eq!(next.stop().await.len(), pushed.len() - started);
}

pub(crate) async fn the_runner_survives_its_store(place: &dyn Place) {
    let queue = place.open("one").await;
    let worker = Worker::succeeding(Arc::clone(&queue));
    queue.push(jobs(1)).await.unwrap();
    worker.has_run(1).await;
    place.disturb().await;
    sleep(Duration::from_secs(3)).await;
    place.open("pusher").await.push(jobs(5)).await.unwrap();
    worker.has_run(6).await;
    worker.stop().await;
}
