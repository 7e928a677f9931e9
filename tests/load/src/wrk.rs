//! The closed-loop driver: each connection sends its next request when it has the answer to the last one.
//!
//! `wrk` comes from the packages of the system. `driver.lua` gives it the requests and prints what it found.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use crate::Outcome;
use crate::measurement::Measurement;
use crate::requests::{Load, next_series};

const DRIVER: &str = include_str!("driver.lua");
/// More than any answer should take, login floods included.
const TIMEOUT: &str = "60s";

/// What `driver.lua` prints.
#[derive(Deserialize)]
struct Printed {
    requests: u64,
    micros: u64,
    p50: f64,
    p95: f64,
    p99: f64,
    max: f64,
    connection: u64,
    timeout: u64,
    /// Sent without an answer: under way at the end, or on connections that ended.
    unanswered: u64,
    /// Answers of 400 and above.
    refused: u64,
    /// By thread, when they were counted one by one.
    statuses: Vec<BTreeMap<String, u64>>,
}

/// How hard to drive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pressure {
    pub(crate) connections: u32,
    pub(crate) duration: Duration,
    /// Counts refusals by status, which costs the driver some speed.
    pub(crate) statuses: bool,
}

/// Drives `address` (`127.0.0.1:8080`).
pub(crate) async fn drive(
    wrk: &Path,
    directory: &Path,
    address: &str,
    load: &Load,
    pressure: Pressure,
) -> Outcome<Measurement> {
    let files = tempfile::Builder::new().prefix("wrk-").tempdir_in(directory)?;
    let (script, requests) = (files.path().join("driver.lua"), files.path().join("requests"));
    std::fs::write(&script, DRIVER)?;
    std::fs::write(&requests, load.to_file(address))?;
    let threads = pressure.connections.clamp(1, 2);
    let mut command = Command::new(wrk);
    command.args(["--threads", &threads.to_string(), "--connections", &pressure.connections.to_string()]);
    command.args(["--duration", &format!("{}s", pressure.duration.as_secs().max(1)), "--timeout", TIMEOUT]);
    command.arg("--script").arg(&script).arg(format!("http://{address}")).arg("--").arg(&requests);
    command.args([load.order.name(), &threads.to_string(), &next_series()]);
    command.args(pressure.statuses.then_some("statuses"));
    let output = tokio::task::spawn_blocking(move || command.output()).await?;
    let output = output.map_err(|error| format!("{}: {error} (install the package wrk)", wrk.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(format!("wrk: {} {text} {}", output.status, String::from_utf8_lossy(&output.stderr)).into());
    }
    parse(&text, pressure.connections)
}

fn parse(text: &str, connections: u32) -> Outcome<Measurement> {
    let line = text.lines().find_map(|line| line.strip_prefix("RESULT "));
    let line = line.ok_or_else(|| format!("wrk printed no result: {text}"))?;
    let printed: Printed = serde_json::from_str(line)?;
    let mut errors = BTreeMap::new();
    for (status, count) in printed.statuses.iter().flatten() {
        *errors.entry(status.clone()).or_default() += count;
    }
    let named: u64 = errors.values().sum();
    // Each connection may have one under way at the end; what failed with a connection is counted as that.
    let lost = printed.unanswered.saturating_sub(u64::from(connections) + printed.connection);
    let others = [
        ("4xx/5xx", printed.refused.saturating_sub(named)),
        ("timeout", printed.timeout),
        ("connection", printed.connection),
        ("lost", lost),
    ];
    errors.extend(others.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count)));
    let good = printed.requests.saturating_sub(printed.refused);
    Ok(Measurement {
        requests: printed.requests,
        requests_per_second: good as f64 * 1e6 / printed.micros.max(1) as f64,
        p50_ms: printed.p50 / 1e3,
        p95_ms: printed.p95 / 1e3,
        p99_ms: printed.p99 / 1e3,
        max_ms: printed.max / 1e3,
        errors,
        ..Measurement::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_is_found_among_what_wrk_prints() {
        let text = "Running 1s test @ http://127.0.0.1:1\n  2 threads\nRESULT {\"requests\":3005,\"micros\":1500000,\
                    \"p50\":900,\"p95\":2500,\"p99\":4000,\"max\":12345,\"connection\":1,\"timeout\":0,\"refused\":5,\
                    \"unanswered\":7,\"statuses\":[{\"503\":1},{\"503\":2,\"404\":1}]}\n";
        let found = parse(text, 4).unwrap();
        assert_eq!((found.requests, found.requests_per_second), (3005, 2000.0));
        assert_eq!((found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms), (0.9, 2.5, 4.0, 12.345));
        let errors: Vec<_> = found.errors.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        assert_eq!(errors, [("404", 1), ("4xx/5xx", 1), ("503", 3), ("connection", 1), ("lost", 2)]);
    }

    #[test]
    fn output_without_a_result_is_shown() {
        assert!(parse("unable to connect", 1).unwrap_err().to_string().contains("unable to connect"));
    }
}
