//! A running Tenon: the API, and the worker where it runs apart.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use std::{env, fs, thread};

use tempfile::TempDir;
use tokio::sync::Mutex as AsyncMutex;
use uuid::Uuid;

use crate::database::{Database, redis_url};
use crate::processes::{Process, binary, free_port, run};
use crate::{Api, Deployment, PASSKEY_DOMAIN, PASSKEY_ORIGIN, eventually_within};

/// The secret that signs access tokens in tests, so that they can forge some.
pub const JWT_SECRET: &str = "an-end-to-end-test-secret-of-enough-length-0123456789";
const START_LIMIT: Duration = Duration::from_secs(60);

/// What differs from one server to another.
#[derive(Clone, Debug, Default)]
pub struct Options {
    variables: Vec<(String, String)>,
    left_out: Vec<String>,
    binaries: Option<PathBuf>,
}

impl Options {
    /// Sets an environment variable of all its processes; overrules the harness's own choice.
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.push((name.to_owned(), value.to_string()));
        self
    }

    /// Runs the processes from this directory, such as those of another release, on the schema that they make.
    pub fn with_binaries(mut self, directory: PathBuf) -> Self {
        self.binaries = Some(directory);
        // The release before does not know them.
        self.without("TENON_WEBAUTHN_RP_ID").without("TENON_WEBAUTHN_ORIGINS")
    }

    /// Leaves a variable out that the harness sets.
    pub fn without(mut self, name: &str) -> Self {
        self.left_out.push(name.to_owned());
        self
    }
}

/// A running server. Clones share it; the last one stops it and removes what it stored.
#[derive(Clone)]
pub struct Server {
    instance: Arc<Instance>,
}

struct Instance {
    deployment: Deployment,
    root: String,
    /// Where the worker answers: the API itself when embedded.
    worker_root: String,
    data_dir: PathBuf,
    log: PathBuf,
    /// Absent when another process owns the server.
    owned: Option<Owned>,
}

struct Owned {
    variables: Vec<(String, String)>,
    binaries: Option<PathBuf>,
    api: Mutex<Option<Process>>,
    worker: Mutex<Option<Process>>,
    // In this order: the processes above end before what they use is removed.
    _database: Option<Database>,
    _directory: TempDir,
}

impl Owned {
    fn program(&self, name: &str) -> PathBuf {
        self.binaries.as_ref().map_or_else(|| binary(name), |directory| directory.join(name))
    }
}

impl Server {
    /// The server that the tests of a deployment share: the one named by `TENON_TEST_SERVERS`, or one of this process.
    pub async fn shared(deployment: Deployment) -> Self {
        static RUNNING: AsyncMutex<Vec<(Deployment, Weak<Instance>)>> = AsyncMutex::const_new(Vec::new());
        if let Some(server) = Self::attach(deployment) {
            return server;
        }
        let mut running = RUNNING.lock().await;
        let known = running.iter().find(|(known, _)| *known == deployment).and_then(|(_, weak)| weak.upgrade());
        if let Some(instance) = known {
            return Self { instance };
        }
        let server = Self::start(deployment, Options::default()).await;
        running.retain(|(known, _)| *known != deployment);
        running.push((deployment, Arc::downgrade(&server.instance)));
        server
    }

    /// A server of one's own.
    pub async fn start(deployment: Deployment, options: Options) -> Self {
        let directory = tempfile::Builder::new().prefix("tenon-e2e-").tempdir().expect("a directory");
        let data_dir = directory.path().join("data");
        let log = directory.path().join("log");
        // Short enough for a Redis prefix: the random part of an id.
        let id = Uuid::now_v7().simple().to_string();
        let name = format!("tenon_e2e_{}", &id[12..]);
        let port = free_port();
        let root = format!("http://127.0.0.1:{port}");
        let mut variables = vec![
            ("TENON_BIND".to_owned(), format!("127.0.0.1:{port}")),
            ("TENON_PUBLIC_URL".to_owned(), root.clone()),
            ("TENON_DATA_DIR".to_owned(), data_dir.display().to_string()),
            ("TENON_MAIL".to_owned(), "file".to_owned()),
            ("TENON_JWT_SECRET".to_owned(), JWT_SECRET.to_owned()),
            ("TENON_RATE_LIMITS".to_owned(), "off".to_owned()),
            // Tests run beside one another and beside builds: how fast they are answered says nothing.
            ("TENON_ADMISSION".to_owned(), "off".to_owned()),
            ("TENON_BCRYPT_COST".to_owned(), "4".to_owned()),
            // There is no balancer that would have to notice.
            ("TENON_DRAIN_SECONDS".to_owned(), "0".to_owned()),
            // Its own address has no domain that passkeys could be bound to.
            ("TENON_WEBAUTHN_RP_ID".to_owned(), PASSKEY_DOMAIN.to_owned()),
            ("TENON_WEBAUTHN_ORIGINS".to_owned(), PASSKEY_ORIGIN.to_owned()),
            ("TENON_LOG".to_owned(), "info".to_owned()),
            ("TENON_LOG_FORMAT".to_owned(), "json".to_owned()),
        ];
        let mut worker_root = root.clone();
        let database = match deployment {
            Deployment::Embedded => None,
            Deployment::PostgresRedis | Deployment::MysqlRedis => {
                let database = Database::create(deployment, &name).await;
                variables.push(("TENON_DATABASE_URL".to_owned(), database.url.clone()));
                variables.push(("TENON_REDIS_URL".to_owned(), redis_url()));
                variables.push(("TENON_REDIS_PREFIX".to_owned(), name));
                let address = format!("127.0.0.1:{}", free_port());
                worker_root = format!("http://{address}");
                variables.push(("TENON_WORKER_BIND".to_owned(), address));
                Some(database)
            }
        };
        variables.retain(|(name, _)| !options.left_out.contains(name));
        variables.extend(options.variables);
        if database.is_some() {
            let tenon = options.binaries.as_ref().map_or_else(|| binary("tenon"), |directory| directory.join("tenon"));
            let (done, output) = run(&tenon, &["migrate", "up"], &variables);
            assert!(done, "tenon migrate up: {output}");
        }
        let owned = Owned {
            variables,
            binaries: options.binaries,
            api: Mutex::new(None),
            worker: Mutex::new(None),
            _database: database,
            _directory: directory,
        };
        let instance = Instance { deployment, root, worker_root, data_dir, log, owned: Some(owned) };
        let server = Self { instance: Arc::new(instance) };
        server.start_worker();
        server.start_api().await;
        server
    }

    /// Another API and worker on what this server stores, which has to live longer.
    pub async fn beside(&self, options: Options) -> Self {
        let directory = tempfile::Builder::new().prefix("tenon-e2e-").tempdir().expect("a directory");
        let log = directory.path().join("log");
        let mut variables = self.owned().variables.clone();
        let address = format!("127.0.0.1:{}", free_port());
        let root = format!("http://{address}");
        variables.push(("TENON_BIND".to_owned(), address));
        let mut worker_root = root.clone();
        if self.deployment() != Deployment::Embedded {
            let address = format!("127.0.0.1:{}", free_port());
            worker_root = format!("http://{address}");
            variables.push(("TENON_WORKER_BIND".to_owned(), address));
        }
        variables.retain(|(name, _)| !options.left_out.contains(name));
        variables.extend(options.variables);
        let owned = Owned {
            variables,
            binaries: options.binaries,
            api: Mutex::new(None),
            worker: Mutex::new(None),
            _database: None,
            _directory: directory,
        };
        let (deployment, data_dir) = (self.deployment(), self.data_dir().to_owned());
        let instance = Instance { deployment, root, worker_root, data_dir, log, owned: Some(owned) };
        let server = Self { instance: Arc::new(instance) };
        server.start_worker();
        server.start_api().await;
        server
    }

    fn attach(deployment: Deployment) -> Option<Self> {
        let servers = env::var_os("TENON_TEST_SERVERS")?;
        let servers = fs::read_to_string(&servers).unwrap_or_else(|error| panic!("{}: {error}", servers.display()));
        let servers: serde_json::Value = serde_json::from_str(&servers).expect("a JSON object");
        let server = &servers[deployment.name()];
        let text = |name: &str| server[name].as_str().unwrap_or_else(|| panic!("no {name} in {server}")).to_owned();
        let (root, worker_root) = (text("root"), text("worker_root"));
        let (data_dir, log) = (text("data_dir").into(), text("log").into());
        Some(Self { instance: Arc::new(Instance { deployment, root, worker_root, data_dir, log, owned: None }) })
    }

    /// What [`Server::shared`] of another process needs to use this server.
    pub fn description(&self) -> serde_json::Value {
        let instance = &self.instance;
        serde_json::json!({
            "root": instance.root,
            "worker_root": instance.worker_root,
            "data_dir": instance.data_dir,
            "log": instance.log,
        })
    }

    pub fn deployment(&self) -> Deployment {
        self.instance.deployment
    }

    /// The address without a path (`http://127.0.0.1:…`).
    pub fn root(&self) -> &str {
        &self.instance.root
    }

    /// The variables of its processes.
    pub fn variables(&self) -> &[(String, String)] {
        &self.owned().variables
    }

    /// Where its database is, unless that is a file in the data directory.
    pub fn database_url(&self) -> Option<&str> {
        let url = self.variables().iter().find(|(name, _)| name == "TENON_DATABASE_URL");
        url.map(|(_, url)| url.as_str())
    }

    pub fn data_dir(&self) -> &Path {
        &self.instance.data_dir
    }

    /// A client that has not signed in.
    pub fn api(&self) -> Api {
        Api::new(self.root())
    }

    /// What the worker answers about itself: health and metrics.
    pub fn worker_api(&self) -> Api {
        Api::new(&self.instance.worker_root)
    }

    /// What the processes have logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.instance.log).unwrap_or_default()
    }

    /// Starts the API, on the address it had before, and waits until it is ready.
    pub async fn start_api(&self) {
        let owned = self.owned();
        let process = Process::start(&owned.program("tenon"), &["serve"], &owned.variables, &self.instance.log);
        *owned.api.lock().unwrap() = Some(process);
        let api = self.api();
        eventually_within(START_LIMIT, "a ready server", || async {
            if let Some(status) = owned.api.lock().unwrap().as_mut().and_then(Process::has_ended) {
                panic!("tenon serve ended with {status}");
            }
            api.get("//health/ready").attempt().await.ok().filter(|answer| answer.status == 200)
        })
        .await;
    }

    /// Starts a second API on the same stores, and waits until it is ready.
    pub async fn start_second_api(&self, options: Options) -> SecondApi {
        let address = format!("127.0.0.1:{}", free_port());
        let mut variables = self.owned().variables.clone();
        variables.push(("TENON_BIND".to_owned(), address.clone()));
        variables.extend(options.variables);
        let process = Process::start(&binary("tenon"), &["serve"], &variables, &self.instance.log);
        let second = SecondApi { root: format!("http://{address}"), _process: process };
        let api = self.api().at(&second.root);
        eventually_within(START_LIMIT, "a second ready server", || async {
            api.get("//health/ready").attempt().await.ok().filter(|answer| answer.status == 200)
        })
        .await;
        second
    }

    /// Starts the worker where it runs apart.
    pub fn start_worker(&self) {
        if self.deployment() != Deployment::Embedded {
            let owned = self.owned();
            let process = Process::start(&owned.program("tenon-worker"), &[], &owned.variables, &self.instance.log);
            *owned.worker.lock().unwrap() = Some(process);
        }
    }

    /// `kill -9` of the API; embedded, the worker dies with it.
    pub fn kill_api(&self) {
        drop(self.owned().api.lock().unwrap().take().expect("a running API"));
    }

    /// `kill -9` of the worker.
    pub fn kill_worker(&self) {
        drop(self.owned().worker.lock().unwrap().take().expect("a running worker"));
    }

    /// Ends the API with SIGTERM and answers whether it ended with success within `limit`.
    pub fn terminate_api(&self, limit: Duration) -> bool {
        let mut process = self.owned().api.lock().unwrap().take().expect("a running API");
        process.terminate(limit).is_some_and(|status| status.success())
    }

    /// Ends the worker with SIGTERM and answers whether it ended with success within `limit`.
    pub fn terminate_worker(&self, limit: Duration) -> bool {
        let mut process = self.owned().worker.lock().unwrap().take().expect("a running worker");
        process.terminate(limit).is_some_and(|status| status.success())
    }

    /// Resident memory of the API in bytes.
    pub fn resident_memory(&self) -> Option<u64> {
        self.owned().api.lock().unwrap().as_ref().and_then(Process::resident_memory)
    }

    /// Runs `tenon` with these arguments in this server's environment.
    pub fn tenon(&self, arguments: &[&str]) -> (bool, String) {
        run(&binary("tenon"), arguments, &self.owned().variables)
    }

    /// Like [`Server::tenon`], with other variables on top.
    pub fn tenon_with(&self, arguments: &[&str], options: Options) -> (bool, String) {
        let inherited = self.owned().variables.iter().filter(|(name, _)| !options.left_out.contains(name)).cloned();
        let variables: Vec<_> = inherited.chain(options.variables).collect();
        let program = options.binaries.map_or_else(|| binary("tenon"), |directory| directory.join("tenon"));
        run(&program, arguments, &variables)
    }

    fn owned(&self) -> &Owned {
        self.instance.owned.as_ref().expect("a server of one's own: this one is shared with other processes")
    }
}

/// Another API beside that of a [`Server`]; it is killed when it is dropped.
pub struct SecondApi {
    pub root: String,
    _process: Process,
}

impl Drop for Server {
    /// A failing test shows what the server had to say, while it still can.
    fn drop(&mut self) {
        if thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().rev().take(40).collect();
            eprintln!("--- the end of the log of {} ({})", self.root(), self.deployment().name());
            lines.iter().rev().for_each(|line| eprintln!("{line}"));
        }
    }
}
