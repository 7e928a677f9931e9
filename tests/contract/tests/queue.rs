//! What every job queue promises, on SQLite, PostgreSQL and Redis.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "this file is nothing but tests: it fails by panicking, and its ids need not be injected"
)]

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::{Connection, PgConnection, SqlitePool};
use tempfile::TempDir;
use tenon_application::events::{ActorRecord, EventData, EventRecord, OriginRecord, SubjectRecord, subscriber};
use tenon_application::ports::{Attempt, Job, JobError, JobHandler, JobQueue, JobRunner};
use tenon_infrastructure::queue::{PostgresQueue, QueueSettings, RedisQueue, SqliteQueue};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const POSTGRES: &str = "postgres://postgres@127.0.0.1:5432";
const REDIS: &str = "redis://127.0.0.1:6379";
/// Long enough for heartbeats to be missed on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// One end of a queue, as a process would hold it.
trait Queue: JobQueue + JobRunner {}
impl<T: JobQueue + JobRunner> Queue for T {}

/// A place for a queue, which nobody else uses.
#[async_trait]
trait Place: Send + Sync {
    /// Another end of the same queue, as if in another process.
    async fn open(&self, worker: &str) -> Arc<dyn Queue>;
    /// Breaks the running workers, as losing the store for a moment does.
    async fn disturb(&self);
    /// Lets time pass for the jobs that are done.
    async fn age_finished_jobs(&self);
    async fn stored_jobs(&self) -> u64;
    async fn remove(&self);
}

fn settings(queue: &str, worker: &str) -> QueueSettings {
    QueueSettings { queue: queue.to_owned(), retry_pause: Duration::from_millis(10), ..QueueSettings::new(worker) }
}

struct Sqlite(TempDir);

impl Sqlite {
    async fn create() -> Self {
        Self(TempDir::new().unwrap())
    }

    async fn pool(&self) -> SqlitePool {
        SqlitePool::connect(&format!("sqlite://{}", self.0.path().join("queue.db").display())).await.unwrap()
    }
}

#[async_trait]
impl Place for Sqlite {
    async fn open(&self, worker: &str) -> Arc<dyn Queue> {
        Arc::new(SqliteQueue::open(&self.0.path().join("queue.db"), settings("jobs", worker)).await.unwrap())
    }

    async fn disturb(&self) {
        let pool = self.pool().await;
        sqlx::query("ALTER TABLE Jobs RENAME TO Away").execute(&pool).await.unwrap();
        sleep(Duration::from_secs(3)).await;
        sqlx::query("ALTER TABLE Away RENAME TO Jobs").execute(&pool).await.unwrap();
    }

    async fn age_finished_jobs(&self) {
        sqlx::query("UPDATE Jobs SET done_at = done_at - 3600").execute(&self.pool().await).await.unwrap();
    }

    async fn stored_jobs(&self) -> u64 {
        let pool = self.pool().await;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM Jobs").fetch_one(&pool).await.unwrap();
        count.unsigned_abs()
    }

    async fn remove(&self) {}
}

struct Postgres {
    database: String,
}

impl Postgres {
    async fn create() -> Self {
        let database = format!("tenon_queue_{}", Uuid::now_v7().simple());
        admin(format!("CREATE DATABASE {database}")).await;
        let place = Self { database };
        PostgresQueue::new(&place.url(), settings("jobs", "migration")).unwrap().migrate().await.unwrap();
        place
    }

    fn url(&self) -> String {
        format!("{POSTGRES}/{}", self.database)
    }

    async fn connection(&self) -> PgConnection {
        PgConnection::connect(&self.url()).await.unwrap()
    }
}

async fn admin(sql: String) {
    let mut connection = PgConnection::connect(&format!("{POSTGRES}/postgres")).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
}

#[async_trait]
impl Place for Postgres {
    async fn open(&self, worker: &str) -> Arc<dyn Queue> {
        Arc::new(PostgresQueue::new(&self.url(), settings("jobs", worker)).unwrap())
    }

    async fn disturb(&self) {
        let mut connection = self.connection().await;
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        sqlx::query(cut).execute(&mut connection).await.unwrap();
        sqlx::query("UPDATE apalis.jobs SET lock_by = NULL").execute(&mut connection).await.unwrap();
        sqlx::query("DELETE FROM apalis.workers").execute(&mut connection).await.unwrap();
    }

    async fn age_finished_jobs(&self) {
        let age = "UPDATE apalis.jobs SET done_at = done_at - interval '1 hour'";
        sqlx::query(age).execute(&mut self.connection().await).await.unwrap();
    }

    async fn stored_jobs(&self) -> u64 {
        let mut connection = self.connection().await;
        let count = sqlx::query_scalar("SELECT count(*) FROM apalis.jobs").fetch_one(&mut connection).await;
        let count: i64 = count.unwrap();
        count.unsigned_abs()
    }

    async fn remove(&self) {
        admin(format!("DROP DATABASE {} WITH (FORCE)", self.database)).await;
    }
}

struct Redis {
    prefix: String,
}

impl Redis {
    async fn create() -> Self {
        Self { prefix: format!("tenon-test:{}", Uuid::now_v7().simple()) }
    }

    async fn ask<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> T {
        let mut connection = redis::Client::open(REDIS).unwrap().get_multiplexed_async_connection().await.unwrap();
        command.query_async(&mut connection).await.unwrap()
    }
}

#[async_trait]
impl Place for Redis {
    async fn open(&self, worker: &str) -> Arc<dyn Queue> {
        Arc::new(RedisQueue::new(REDIS, settings(&self.prefix, worker)).unwrap())
    }

    async fn disturb(&self) {
        let () = self.ask(redis::cmd("DEL").arg(format!("{}:workers", self.prefix))).await;
    }

    async fn age_finished_jobs(&self) {}

    async fn stored_jobs(&self) -> u64 {
        self.ask(redis::cmd("HLEN").arg(format!("{}:data", self.prefix))).await
    }

    async fn remove(&self) {
        let keys: Vec<String> = self.ask(redis::cmd("KEYS").arg(format!("{}:*", self.prefix))).await;
        if !keys.is_empty() {
            let () = self.ask(redis::cmd("DEL").arg(keys)).await;
        }
        let listed = format!("{}:workers", self.prefix);
        let () = self.ask(redis::cmd("ZREM").arg("core:apalis:queues:list").arg(listed)).await;
    }
}

fn job() -> Job {
    let id = Uuid::now_v7();
    let event = EventRecord {
        id,
        name: "user.registered".to_owned(),
        version: 1,
        organization_id: None,
        project_id: None,
        actor: ActorRecord { kind: "system".to_owned(), id: None },
        subject: SubjectRecord { kind: "user".to_owned(), id, name: "Åsa \"O'Neill\" 🦀".to_owned() },
        data: EventData::Plain,
        changes: Vec::new(),
        origin: OriginRecord::default(),
        occurred_at: chrono::DateTime::UNIX_EPOCH,
    };
    Job::new(subscriber::AUDIT, 1, event)
}

fn jobs(count: usize) -> Vec<Job> {
    (0..count).map(|_| job()).collect()
}

type Runs = Arc<Mutex<Vec<(Job, Attempt)>>>;

/// Notes what runs; what becomes of it is up to `answer`.
struct Recorder<F> {
    runs: Runs,
    answer: F,
}

#[async_trait]
impl<F, W> JobHandler for Recorder<F>
where
    F: Fn(Attempt) -> W + Send + Sync,
    W: Future<Output = Result<(), JobError>> + Send,
{
    async fn handle(&self, job: Job, attempt: Attempt) -> Result<(), JobError> {
        self.runs.lock().unwrap().push((job, attempt));
        (self.answer)(attempt).await
    }
}

/// A worker that runs in the background.
struct Worker {
    runs: Runs,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Worker {
    fn start<W>(queue: Arc<dyn Queue>, answer: impl Fn(Attempt) -> W + Send + Sync + 'static) -> Self
    where
        W: Future<Output = Result<(), JobError>> + Send + 'static,
    {
        let runs = Runs::default();
        let stop = CancellationToken::new();
        let handler = Arc::new(Recorder { runs: Arc::clone(&runs), answer });
        let stopped = stop.clone();
        let task = tokio::spawn(async move { queue.run(handler, 4, stopped).await.unwrap() });
        Self { runs, stop, task }
    }

    fn succeeding(queue: Arc<dyn Queue>) -> Self {
        Self::start(queue, |_| async { Ok(()) })
    }

    fn count(&self) -> usize {
        self.runs.lock().unwrap().len()
    }

    async fn has_run(&self, count: usize) {
        let enough = async {
            while self.count() < count {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(PATIENCE, enough).await.unwrap_or_else(|_| panic!("{} of {count} jobs ran", self.count()));
    }

    async fn stop(self) -> Vec<(Job, Attempt)> {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.expect("the runner stops").unwrap();
        std::mem::take(&mut *self.runs.lock().unwrap())
    }
}

async fn every_job_runs_once(place: &dyn Place) {
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

async fn a_key_runs_once(place: &dyn Place) {
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

async fn failing_jobs_are_retried_as_they_ask(place: &dyn Place) {
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

async fn jobs_of_a_killed_worker_are_run_by_another(place: &dyn Place) {
    let doomed = Worker::start(place.open("doomed").await, |_| std::future::pending());
    let queue = place.open("heir").await;
    // More than one worker takes at once: those it runs, those it holds, and those that wait.
    let pushed = jobs(30);
    queue.push(pushed.clone()).await.unwrap();
    doomed.has_run(4).await;
    doomed.task.abort();
    let heir = Worker::succeeding(queue);
    heir.has_run(pushed.len()).await;
    let runs = heir.stop().await;
    assert!(pushed.iter().all(|job| runs.iter().any(|(run, _)| run == job)));
}

async fn stopping_waits_for_running_jobs_only(place: &dyn Place) {
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

async fn a_push_wakes_an_idle_worker(pusher: Arc<dyn Queue>, worker: Arc<dyn Queue>) {
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

async fn the_runner_survives_its_store(place: &dyn Place) {
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

async fn finished_jobs_are_forgotten(place: &dyn Place) {
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

macro_rules! contract {
    ($store:ident, $place:ty) => {
        mod $store {
            use super::*;

            contract!(@case $place, every_job_runs_once);
            contract!(@case $place, a_key_runs_once);
            contract!(@case $place, failing_jobs_are_retried_as_they_ask);
            contract!(@case $place, jobs_of_a_killed_worker_are_run_by_another);
            contract!(@case $place, stopping_waits_for_running_jobs_only);
            contract!(@case $place, the_runner_survives_its_store);
            contract!(@case $place, finished_jobs_are_forgotten);

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn a_push_wakes_an_idle_worker() {
                let place = <$place>::create().await;
                let queue = place.open("one").await;
                super::a_push_wakes_an_idle_worker(Arc::clone(&queue), queue).await;
                place.remove().await;
            }
        }
    };
    (@case $place:ty, $case:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let place = <$place>::create().await;
            super::$case(&place).await;
            place.remove().await;
        }
    };
}

contract!(sqlite, Sqlite);
contract!(postgres, Postgres);
contract!(redis_server, Redis);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_by_another_process_wakes_a_worker_on_postgres() {
    let place = Postgres::create().await;
    a_push_wakes_an_idle_worker(place.open("pusher").await, place.open("worker").await).await;
    place.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_by_another_process_wakes_a_worker_on_redis() {
    let place = Redis::create().await;
    a_push_wakes_an_idle_worker(place.open("pusher").await, place.open("worker").await).await;
    place.remove().await;
}
