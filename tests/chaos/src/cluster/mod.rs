//! Tenon with servers of its own: any number of APIs and workers, with a proxy in front of each server.

mod backend;
mod environment;
mod node;
mod supervisor;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tenon_e2e_tests::processes::{binary, free_port, run};
use tenon_e2e_tests::{Api, Deployment};

pub use self::backend::Backend;
use self::node::Node;
pub use self::supervisor::End;
use self::supervisor::Supervisor;
use crate::faults::Target;
use crate::servers::{Daemon, Keeping, mariadb, postgres, redis};

const START_LIMIT: Duration = Duration::from_secs(60);

/// What a cluster consists of.
#[derive(Clone, Debug)]
pub struct Shape {
    pub deployment: Deployment,
    pub apis: usize,
    pub workers: usize,
    pub keeping: Keeping,
    pub variables: Vec<(String, String)>,
    /// Where the data directory is; in the cluster's own directory when it is not said.
    pub data_dir: Option<PathBuf>,
}

impl Shape {
    /// One process when embedded, else two APIs and two workers.
    pub fn of(deployment: Deployment) -> Self {
        let (apis, workers) = if deployment == Deployment::Embedded { (1, 0) } else { (2, 2) };
        Self { deployment, apis, workers, keeping: Keeping::Nothing, variables: Vec::new(), data_dir: None }
    }

    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.push((name.to_owned(), value.to_string()));
        self
    }
}

pub struct Cluster {
    pub deployment: Deployment,
    apis: Vec<Arc<Mutex<Node>>>,
    workers: Vec<Arc<Mutex<Node>>>,
    pub database: Option<Arc<Backend>>,
    pub redis: Option<Arc<Backend>>,
    data_dir: PathBuf,
    log: PathBuf,
    supervisor: Option<Supervisor>,
    _directory: TempDir,
}

impl Cluster {
    pub async fn start(shape: &Shape) -> Self {
        let place = environment::place();
        let directory = tempfile::Builder::new().prefix("tenon-chaos-").tempdir_in(place).expect("a directory");
        let path = directory.path().to_owned();
        let (deployment, keeping) = (shape.deployment, shape.keeping);
        let begin = move || match deployment {
            Deployment::Embedded => (None, None),
            Deployment::PostgresRedis => (Some(postgres(&path)), Some(redis(&path, keeping))),
            Deployment::MysqlRedis => (Some(mariadb(&path)), Some(redis(&path, keeping))),
        };
        let (database, redis) = tokio::task::spawn_blocking(begin).await.expect("servers");
        let database = backend(database).await;
        let redis = backend(redis).await;
        let data_dir = shape.data_dir.clone().unwrap_or_else(|| directory.path().join("data"));
        let log = directory.path().join("log");
        let mut variables = environment::common(&data_dir);
        if let (Some(database), Some(redis)) = (&database, &redis) {
            variables.extend(environment::addresses(deployment, database, redis));
        }
        variables.extend(shape.variables.iter().cloned());
        if database.is_some() {
            let (done, output) = run(&binary("tenon"), &["migrate", "up"], &variables);
            assert!(done, "tenon migrate up: {output}");
        }
        let node = |program: &str, arguments, variable: &str| {
            let address = format!("127.0.0.1:{}", free_port());
            let root = format!("http://{address}");
            let variables = variables.iter().cloned().chain([(variable.to_owned(), address)]).collect();
            Arc::new(Mutex::new(Node::new(binary(program), arguments, variables, root, log.clone())))
        };
        let apis = (0..shape.apis).map(|_| node("tenon", &["serve"], "TENON_BIND")).collect();
        let workers = (0..shape.workers).map(|_| node("tenon-worker", &[], "TENON_WORKER_BIND")).collect();
        let (supervisor, _directory) = (None, directory);
        let mut cluster = Self { deployment, apis, workers, database, redis, data_dir, log, supervisor, _directory };
        cluster.nodes().for_each(|(_, node)| node.lock().unwrap().start());
        if let Err(why) = cluster.until_ready(START_LIMIT).await {
            panic!("{why}");
        }
        let supervised = cluster.nodes().map(|(target, node)| (target, Arc::clone(node))).collect();
        cluster.supervisor = Some(Supervisor::start(supervised));
        cluster
    }

    fn nodes(&self) -> impl Iterator<Item = (Target, &Arc<Mutex<Node>>)> {
        let apis = self.apis.iter().enumerate().map(|(n, node)| (Target::Api(n), node));
        apis.chain(self.workers.iter().enumerate().map(|(n, node)| (Target::Worker(n), node)))
    }

    fn node(&self, target: Target) -> &Arc<Mutex<Node>> {
        match target {
            Target::Api(n) => &self.apis[n],
            Target::Worker(n) => &self.workers[n],
            Target::Database | Target::Redis => panic!("{target} is no process of Tenon's"),
        }
    }

    /// Everything that can be harmed.
    pub fn targets(&self) -> Vec<Target> {
        let servers = [(Target::Database, &self.database), (Target::Redis, &self.redis)];
        let servers = servers.into_iter().filter(|(_, server)| server.is_some()).map(|(target, _)| target);
        self.nodes().map(|(target, _)| target).chain(servers).collect()
    }

    /// The processes that ended though nobody ended them, since it was asked last.
    pub fn unplanned_ends(&self) -> Vec<End> {
        self.supervisor.as_ref().map(Supervisor::take_ends).unwrap_or_default()
    }

    /// Once it runs, no process ends by itself, whatever it has to do without.
    #[track_caller]
    pub fn assert_that_nothing_ended(&self) {
        let ends = self.unplanned_ends();
        assert!(ends.is_empty(), "no process may end for it: {ends:?}");
    }

    pub fn api_count(&self) -> usize {
        self.apis.len()
    }

    pub fn worker_count(&self) -> usize {
        self.workers.len()
    }

    pub fn api_root(&self, n: usize) -> String {
        self.apis[n].lock().unwrap().root().to_owned()
    }

    pub fn api_roots(&self) -> Vec<String> {
        (0..self.apis.len()).map(|n| self.api_root(n)).collect()
    }

    /// A client of one API that has not signed in.
    pub fn api(&self, n: usize) -> Api {
        Api::new(&self.api_root(n))
    }

    /// `kill -9` of a process of Tenon's.
    pub fn kill(&self, process: Target) {
        drop(self.node(process).lock().unwrap().release());
    }

    pub fn start_again(&self, process: Target) {
        self.node(process).lock().unwrap().start();
    }

    pub fn freeze(&self, process: Target) {
        self.node(process).lock().unwrap().freeze();
    }

    pub fn thaw(&self, process: Target) {
        self.node(process).lock().unwrap().thaw();
    }

    /// SIGTERM to a process of Tenon's; answers how long it took to end, or that it did not end as it should.
    pub async fn terminate(&self, process: Target, limit: Duration) -> Result<Duration, String> {
        let running = self.node(process).lock().unwrap().release();
        let Some(mut running) = running else { return Err(format!("{process} does not run")) };
        let begun = Instant::now();
        let status = tokio::task::spawn_blocking(move || running.terminate(limit)).await.expect("its status");
        match status {
            Some(status) if status.success() => Ok(begun.elapsed()),
            Some(status) => Err(format!("{process} ended like this when it was told to: {status}")),
            None => Err(format!("{process} was told to end and still ran after {limit:?}")),
        }
    }

    /// Waits until every API is ready.
    pub async fn until_ready(&self, limit: Duration) -> Result<(), String> {
        let begun = Instant::now();
        for n in 0..self.apis.len() {
            let api = self.api(n).with_limit(Duration::from_secs(1));
            while api.get("//health/ready").attempt().await.ok().is_none_or(|answer| answer.status != 200) {
                if begun.elapsed() >= limit {
                    return Err(format!("API {n} is not ready after {limit:?}"));
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(())
    }

    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The last lines that the processes have logged.
    pub fn log_end(&self, lines: usize) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let from = log.lines().count().saturating_sub(lines);
        log.lines().skip(from).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.supervisor = None;
        for (_, node) in self.nodes() {
            drop(node.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).release());
        }
        if std::thread::panicking() {
            eprintln!("--- the end of the log\n{}", self.log_end(60));
        }
    }
}

async fn backend(daemon: Option<Daemon>) -> Option<Arc<Backend>> {
    match daemon {
        Some(daemon) => Some(Backend::of(daemon).await),
        None => None,
    }
}
