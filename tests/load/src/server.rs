//! The programs under load: Tenon as an operator runs it, and the references beside it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};
use tenon_bootstrap::config::{Config, Sources};
use tenon_e2e_tests::processes::{command, free_port, run};

use crate::Outcome;
use crate::cli::Cli;
use crate::database::Place;
use crate::process::{Process, binary};
use crate::requests::Request;

const START_WITHIN: Duration = Duration::from_secs(60);
/// What takes longer counts as never answered.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
const JWT_SECRET: &str = "a-secret-for-measuring-0123456789abcdef";

/// A server, with its worker where that is a process apart.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) processes: Vec<Process>,
}

impl Server {
    async fn ready(mut self, path: &str) -> Outcome<Self> {
        let begun = Instant::now();
        let http = Client::new();
        loop {
            for process in &mut self.processes {
                process.check()?;
            }
            let answer = http.get(format!("http://{}{path}", self.address)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(self);
            }
            if begun.elapsed() > START_WITHIN {
                return Err(format!("{} was not ready within {START_WITHIN:?}", self.address).into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What it says of itself; nothing when it has no metrics. Fails when it does not answer.
    pub(crate) async fn metrics(&self) -> Outcome<String> {
        let url = format!("http://{}/metrics", self.address);
        let answer = Client::new().get(url).timeout(ANSWER_WITHIN).send().await?;
        Ok(if answer.status().is_success() { answer.text().await? } else { String::new() })
    }

    pub(crate) fn stop(&mut self) -> Outcome<()> {
        for process in &mut self.processes {
            process.stop()?;
        }
        self.processes.clear();
        Ok(())
    }
}

/// How Tenon is run here.
pub(crate) struct Setup {
    pub(crate) place: Place,
    variables: Vec<(String, String)>,
    bin_dir: Option<PathBuf>,
}

impl Setup {
    pub(crate) fn new(cli: &Cli, place: Place) -> Outcome<Self> {
        let mut variables: Vec<(String, String)> = [
            ("TENON_DATA_DIR", place.data_dir().display().to_string()),
            ("TENON_DATABASE_URL", place.database_url()),
            ("TENON_JWT_SECRET", JWT_SECRET.to_owned()),
            ("TENON_MAIL", "file".to_owned()),
            ("TENON_MAIL_FROM", "Tenon <tenon@example.com>".to_owned()),
            ("TENON_RATE_LIMITS", "off".to_owned()),
            ("TENON_LOG_FORMAT", "json".to_owned()),
            ("TENON_PUBLIC_URL", "http://127.0.0.1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        if place.deployment.worker_apart() {
            variables.push(("TENON_REDIS_URL".to_owned(), place.redis_url.clone()));
            variables.push(("TENON_REDIS_PREFIX".to_owned(), place.name.clone()));
        }
        variables.extend(cli.variables()?);
        Ok(Self { place, variables, bin_dir: cli.bin_dir.clone() })
    }

    /// The same configuration for this process, which fills the database.
    pub(crate) fn config(&self) -> Outcome<Config> {
        let variables = self.variables.iter().cloned().collect();
        Ok(Config::load(&Sources { variables, ..Sources::default() })?)
    }

    pub(crate) fn migrate(&self) -> Outcome<()> {
        let (succeeded, printed) = run(&self.binary("tenon")?, &["migrate", "up"], &self.variables);
        if succeeded { Ok(()) } else { Err(format!("tenon migrate up: {printed}").into()) }
    }

    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.place.directory.join(format!("{name}.log"))
    }

    fn binary(&self, name: &str) -> Outcome<PathBuf> {
        binary(self.bin_dir.as_deref(), name)
    }

    /// Starts the API and, apart or inside, the worker, with these variables on top.
    pub(crate) async fn start(&self, extra: &[(&str, &str)]) -> Outcome<Server> {
        let address = format!("127.0.0.1:{}", free_port());
        let mut serve = command(&self.binary("tenon")?, &["serve"], &self.variables);
        serve.env("TENON_BIND", &address).envs(extra.iter().copied());
        let mut processes = vec![Process::start("tenon", serve, &self.log("tenon"))?];
        if self.place.deployment.worker_apart() {
            processes.push(self.start_worker()?);
        }
        Server { address, processes }.ready("/health/ready").await
    }

    /// Starts another worker.
    pub(crate) fn start_worker(&self) -> Outcome<Process> {
        let work = command(&self.binary("tenon-worker")?, &[], &self.variables);
        Process::start("tenon-worker", work, &self.log("tenon-worker"))
    }

    /// Starts the references, on the copy of the database. `sample` is a task as Tenon answers it.
    pub(crate) async fn start_reference(&self, sample: &Value) -> Outcome<Server> {
        let address = format!("127.0.0.1:{}", free_port());
        let file = self.place.directory.join("sample.json");
        std::fs::write(&file, sample.to_string())?;
        let mut serve = command(&self.binary("tenon-reference")?, &[], &[]);
        serve.args(["--bind", &address, "--database-url", &self.place.reference_url()]).arg("--sample").arg(&file);
        let processes = vec![Process::start("reference", serve, &self.log("reference"))?];
        Server { address, processes }.ready("/ready").await
    }
}

/// The status of an answer, or in a word why there is none: `timeout`, `connection` (it was refused), `lost` (it ended
/// before the answer did), `unsent`.
pub(crate) type Answered = Result<u16, &'static str>;

fn unanswered(error: reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "connection"
    } else {
        "lost"
    }
}

/// A client of the API that expects success.
#[derive(Clone)]
pub(crate) struct Api {
    http: Client,
    address: String,
}

impl Api {
    pub(crate) fn new(server: &Server) -> Self {
        Self { http: Client::new(), address: server.address.clone() }
    }

    /// The server was started anew, on another port.
    pub(crate) fn moved_to(&mut self, server: &Server) {
        self.address.clone_from(&server.address);
    }

    /// Sends a request like those of the drivers. Fails with what was answered unless that is a success or a 304.
    pub(crate) async fn send(&self, request: &Request) -> Outcome<Value> {
        let answer = self.call(request)?.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() && status.as_u16() != 304 {
            return Err(format!("{} {} answered {status}: {text}", request.method, request.path).into());
        }
        Ok(if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? })
    }

    /// The status of the answer, once all of it is here.
    pub(crate) async fn status(&self, request: &Request) -> Answered {
        let answer = self.call(request).map_err(|_| "unsent")?.send().await.map_err(unanswered)?;
        let status = answer.status().as_u16();
        answer.bytes().await.map_err(unanswered)?;
        Ok(status)
    }

    fn call(&self, request: &Request) -> Outcome<reqwest::RequestBuilder> {
        let method = reqwest::Method::from_bytes(request.method.as_bytes())?;
        let url = format!("http://{}{}", self.address, request.path);
        let mut call = self.http.request(method, url).timeout(ANSWER_WITHIN);
        if let Some(token) = &request.token {
            call = call.bearer_auth(token);
        }
        if let Some(tag) = &request.if_none_match {
            call = call.header("if-none-match", tag);
        }
        if let Some(body) = &request.body {
            call = call.json(body);
        }
        Ok(call)
    }

    /// An access token, good for a quarter of an hour. Waits for a server that has just been flooded.
    pub(crate) async fn sign_in(&self, email: &str) -> Outcome<String> {
        let body = json!({"email": email, "password": crate::fill::PASSWORD});
        let request = Request::post("/api/v1/auth/login", body);
        let begun = Instant::now();
        let granted = loop {
            match self.send(&request).await {
                Err(_) if begun.elapsed() < START_WITHIN => tokio::time::sleep(Duration::from_millis(500)).await,
                granted => break granted?,
            }
        };
        Ok(granted["access_token"].as_str().ok_or("no access token")?.to_owned())
    }
}

/// Makes sure that a path that goes into SQL or a command is one without surprises.
pub(crate) fn plain(path: &Path) -> Outcome<()> {
    let text = path.to_string_lossy();
    if text.contains(['\'', '?', '#', '%']) {
        Err(format!("{text}: choose a plainer --work-dir").into())
    } else {
        Ok(())
    }
}
