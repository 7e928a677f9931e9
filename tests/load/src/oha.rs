//! The open-loop driver for more than the server can take: `oha` sends at a constant rate and times each request from
//! when it was due (`--latency-correction`), so that waiting for a free connection counts.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use crate::Outcome;

/// Far more than a server works on at once: the driver must not be what limits the requests under way.
const CONNECTIONS: u32 = 512;

/// What `oha` prints; there is more.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Printed {
    summary: Summary,
    latency_percentiles_successful: BTreeMap<String, Option<f64>>,
    latency_percentiles_not_successful: BTreeMap<String, Option<f64>>,
    status_code_distribution: BTreeMap<String, u64>,
    error_distribution: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct Summary {
    /// In seconds.
    total: f64,
}

/// What became of the requests.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Overrun {
    /// Successes a second.
    pub(crate) goodput: f64,
    pub(crate) accepted: u64,
    pub(crate) accepted_p50_ms: f64,
    pub(crate) accepted_p95_ms: f64,
    pub(crate) accepted_p99_ms: f64,
    pub(crate) refused_p99_ms: f64,
    /// By status or by what the driver says of it.
    pub(crate) errors: BTreeMap<String, u64>,
}

/// Asks for URLs in turn, so many times a second.
pub(crate) async fn drive(
    oha: &Path,
    directory: &Path,
    urls: &[String],
    token: &str,
    per_second: f64,
    duration: Duration,
) -> Outcome<Overrun> {
    let file = tempfile::NamedTempFile::new_in(directory)?;
    std::fs::write(file.path(), urls.join("\n"))?;
    let mut command = Command::new(oha);
    command.args(["--no-tui", "--output-format", "json", "--stats-success-breakdown", "--latency-correction"]);
    command.args(["-q", &format!("{:.0}", per_second.max(1.0)), "-c", &CONNECTIONS.to_string()]);
    command.args(["-z", &format!("{}s", duration.as_secs().max(1)), "-H", &format!("Authorization: Bearer {token}")]);
    command.arg("--urls-from-file").arg(file.path());
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    if !output.status.success() {
        return Err(format!("oha: {} {}", output.status, String::from_utf8_lossy(&output.stderr)).into());
    }
    parse(&output.stdout)
}

/// Fails with what to do when the driver is not there.
pub(crate) fn require(oha: &Path) -> Outcome<()> {
    match Command::new(oha).arg("--version").output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => Err(format!("{} is missing (cargo install --locked oha), or leave `overload` out", oha.display()).into()),
    }
}

fn parse(json: &[u8]) -> Outcome<Overrun> {
    let printed: Printed = serde_json::from_slice(json)?;
    let percentile =
        |of: &BTreeMap<String, Option<f64>>, name: &str| of.get(name).copied().flatten().unwrap_or(0.0) * 1e3;
    let (good, bad): (BTreeMap<_, _>, BTreeMap<_, _>) =
        printed.status_code_distribution.into_iter().partition(|(status, _)| status.starts_with('2'));
    let accepted: u64 = good.values().sum();
    let ok = &printed.latency_percentiles_successful;
    Ok(Overrun {
        goodput: accepted as f64 / printed.summary.total.max(f64::EPSILON),
        accepted,
        accepted_p50_ms: percentile(ok, "p50"),
        accepted_p95_ms: percentile(ok, "p95"),
        accepted_p99_ms: percentile(ok, "p99"),
        refused_p99_ms: percentile(&printed.latency_percentiles_not_successful, "p99"),
        errors: bad.into_iter().chain(printed.error_distribution).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_and_refused_are_told_apart() {
        let json = r#"{"summary": {"total": 2.0, "requestsPerSec": 99.8}, "latencyPercentiles": {"p50": 1.0},
            "latencyPercentilesSuccessful": {"p50": 0.0005, "p95": 0.006, "p99": 0.0088},
            "latencyPercentilesNotSuccessful": {"p50": null, "p99": 0.002},
            "statusCodeDistribution": {"200": 134, "503": 66}, "errorDistribution": {"aborted due to deadline": 3}}"#;
        let found = parse(json.as_bytes()).unwrap();
        assert_eq!((found.goodput, found.accepted), (67.0, 134));
        assert_eq!((found.accepted_p50_ms, found.accepted_p95_ms, found.accepted_p99_ms), (0.5, 6.0, 8.8));
        assert_eq!(found.refused_p99_ms, 2.0);
        let errors: Vec<_> = found.errors.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        assert_eq!(errors, [("503", 66), ("aborted due to deadline", 3)]);
    }
}
