//! What is pushed is run: all of it, once, soon; and forgotten then.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tenon_application::ports::Job;
use tokio::time::{Instant, sleep, timeout};

use crate::places::{Place, Queue};
use crate::worker::{PATIENCE, Worker, job, jobs};

pub(crate) async fn every_job_runs_once(place: &dyn Place) {
    let (one, other) = (place.open("one").await, place.open("other").await);
    let mut pushed = jobs(300);
    pushed[7].more = jobs(50).into_iter().map(|job| job.event).collect();
    one.push(pushed[..200].to_vec()).await.unwrap();
    assert_eq!(other.depth().await.unwrap(), 200);
    let workers = [Worker::succeeding(Arc::clone(&one)), Worker::succeeding(Arc::clone(&other))];
    other.push(pushed[200..].to_vec()).await.unwrap();
    let all = async {
        while workers.iter().map(Worker::count).sum::<usize>() < pushed.len() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, all).await.expect("all jobs run");
    // Time for a second run to show.
    sleep(Duration::from_millis(300)).await;
    let mut runs: HashMap<String, u32> = HashMap::new();
    for worker in workers {
        for (job, _) in worker.stop().await {
            assert!(pushed.contains(&job), "the job arrives as it was pushed");
            *runs.entry(job.key()).or_default() += 1;
        }
    }
    assert_eq!(one.depth().await.unwrap(), 0);
    assert_eq!(runs.len(), pushed.len());
    assert!(runs.values().all(|count| *count == 1));
}

pub(crate) async fn a_key_runs_once(place: &dyn Place) {
    let queue = place.open("one").await;
    let (first, second) = (job(), job());
    queue.push(vec![first.clone(), first.clone(), second.clone()]).await.unwrap();
    let worker = Worker::succeeding(Arc::clone(&queue));
    worker.has_run(2).await;
    // Also when it is done, also beside a job that is new.
    place.open("pusher").await.push(vec![first.clone(), job()]).await.unwrap();
    worker.has_run(3).await;
    // Another delivery of the same event is another job.
    queue.push(vec![Job { delivery: 2, ..first }]).await.unwrap();
    worker.has_run(4).await;
    sleep(Duration::from_millis(200)).await;
    assert_eq!(worker.stop().await.len(), 4);
}

pub(crate) async fn a_push_wakes_an_idle_worker(pusher: Arc<dyn Queue>, worker: Arc<dyn Queue>) {
    let worker = Worker::succeeding(worker);
    pusher.push(jobs(1)).await.unwrap();
    worker.has_run(1).await;
    let mut total = Duration::ZERO;
    for round in 0..10_u32 {
        sleep(Duration::from_millis(150 + 37 * u64::from(round))).await;
        let pushed = Instant::now();
        pusher.push(jobs(1)).await.unwrap();
        worker.has_run(round as usize + 2).await;
        total += pushed.elapsed();
    }
    let mean = total / 10;
    println!("a job was started {mean:?} after it was pushed, on average");
    assert!(mean < Duration::from_millis(300), "{mean:?} is the pace of polling, not of waking");
    worker.stop().await;
}

pub(crate) async fn finished_jobs_are_forgotten(place: &dyn Place) {
    let queue = place.open("one").await;
    let worker = Worker::succeeding(Arc::clone(&queue));
    let pushed = Instant::now();
    queue.push(jobs(1100)).await.unwrap();
    worker.has_run(1100).await;
    println!("1100 jobs took {:?}", pushed.elapsed());
    worker.stop().await;
    queue.push(jobs(3)).await.unwrap();
    place.age_finished_jobs().await;
    assert_eq!(queue.vacuum().await.unwrap(), 1100);
    assert_eq!(place.stored_jobs().await, 3, "what is still to be done stays");
}
