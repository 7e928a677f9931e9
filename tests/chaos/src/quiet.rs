//! Whether anything is still to be done. Doubled effects come late: when an event or a job is handed out again.

use std::path::Path;
use std::time::{Duration, Instant};

use tenon_e2e_tests::processes::run;
use tokio::time::sleep;

use crate::{Cluster, Deployment};

/// How long events may take until all their subscribers are done. They are handed out again after 3, 6, 12 and 24 s.
const HANDLED_WITHIN: Duration = Duration::from_secs(60);
/// The jobs of a dead worker go to another one after 6 s, with its next heartbeat.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(12);
/// Nobody can look into the files of an embedded Tenon. Its jobs are taken over by then, and it measures its backlog
/// every five seconds.
const EMBEDDED: Duration = Duration::from_secs(8);

const EVENTS: &str = "SELECT count(*) FROM outbox WHERE due_at IS NOT NULL";
/// Those that wait, and those that a worker holds, dead or alive.
const JOBS: &str = "local jobs = redis.call('llen', 'chaos:jobs:active') \
    for _, held in ipairs(redis.call('keys', 'chaos:jobs:inflight:*')) do jobs = jobs + redis.call('scard', held) end \
    return jobs";

/// Waits until all events are handled and no job is left. Answers what is not as it should be after a long time.
pub async fn until_quiet(cluster: &Cluster) -> Result<(), String> {
    let begun = Instant::now();
    if cluster.deployment == Deployment::Embedded {
        sleep(EMBEDDED).await;
    }
    loop {
        match events(cluster).await {
            Ok(0) => break,
            pending if begun.elapsed() >= HANDLED_WITHIN => {
                return Err(format!("events that are not handled after {HANDLED_WITHIN:?}: {pending:?}"));
            }
            _ => sleep(Duration::from_millis(100)).await,
        }
    }
    // What is left of the jobs by then is nothing wrong: their events are handled. A clock that jumped back keeps those
    // of a dead worker for long.
    let begun = Instant::now();
    while jobs(cluster).await != Ok(0) && begun.elapsed() < TAKEN_OVER_WITHIN {
        sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

/// How many events some subscriber has not handled.
async fn events(cluster: &Cluster) -> Result<u64, String> {
    let Some(server) = &cluster.database else { return measured(cluster, "outbox_pending").await };
    let port = server.direct_port().to_string();
    // As a superuser, to whom the events of all organizations are visible.
    let (program, arguments) = if cluster.deployment == Deployment::PostgresRedis {
        ("psql", vec!["-X", "-At", "-h", "127.0.0.1", "-p", &port, "-U", "tenon", "-c", EVENTS, "tenon"])
    } else {
        ("mariadb", vec!["--no-defaults", "-NB", "-h", "127.0.0.1", "-P", &port, "-u", "root", "-e", EVENTS, "tenon"])
    };
    ask(program, &arguments).await
}

async fn jobs(cluster: &Cluster) -> Result<u64, String> {
    let Some(server) = &cluster.redis else { return Ok(0) };
    let port = server.direct_port().to_string();
    ask("redis-cli", &["-h", "127.0.0.1", "-p", &port, "--raw", "eval", JOBS, "0"]).await
}

/// Asks a server past its proxy with its own client, which answers a number.
async fn ask(program: &'static str, arguments: &[&str]) -> Result<u64, String> {
    let arguments: Vec<String> = arguments.iter().map(|&it| it.to_owned()).collect();
    let ask = move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run(Path::new(program), &arguments, &[])
    };
    let (done, output) = tokio::task::spawn_blocking(ask).await.expect("an answer");
    let number = output.lines().next().and_then(|line| line.trim().parse::<u64>().ok());
    number.filter(|_| done).ok_or(output)
}

/// A gauge of the only process there is.
async fn measured(cluster: &Cluster, name: &str) -> Result<u64, String> {
    let answer = cluster.api(0).get("//metrics").attempt().await.map_err(|error| error.to_string())?;
    let line = answer.text.lines().find_map(|line| line.strip_prefix(name));
    let value = line.and_then(|value| value.trim().parse::<f64>().ok());
    value.map(|value| value as u64).ok_or_else(|| format!("no {name} among the metrics"))
}
