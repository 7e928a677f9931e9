//! A long time under a load the machine bears, watched for anything that grows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::Outcome;
use crate::closed_loop::mixed_load;
use crate::database::{Place, connect, connections, outbox_depth};
use crate::deployment::Deployment;
use crate::flatness::{Expected, ends};
use crate::measurement::{add, listed};
use crate::open_loop::{Arrivals, arrive};
use crate::queue;
use crate::run::Bench;
use crate::usage::Usage;

/// Each has its percentiles, and tokens of its own.
const WINDOW: Duration = Duration::from_secs(15);
const SAMPLE_EVERY: Duration = Duration::from_secs(5);
const MIB: f64 = 1024.0 * 1024.0;

/// One thing that was watched.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) samples: Vec<f64>,
    /// Unknown where it may grow for longer than this took.
    pub(crate) flat: Option<bool>,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Soak {
    pub(crate) deployment: Deployment,
    pub(crate) per_second: f64,
    pub(crate) minutes: u64,
    pub(crate) requests: u64,
    /// What became of each request: statuses by number, and why there was no answer.
    pub(crate) answers: BTreeMap<String, u64>,
    /// Those of the requests that went wrong.
    pub(crate) errors: u64,
    pub(crate) series: Vec<Series>,
}

impl Soak {
    pub(crate) fn table(&self) -> String {
        let mut text = format!(
            "mixed on {}, {:.0} arrivals/s for {} min: {} requests ({}), {} errors\n\n",
            self.deployment.name(),
            self.per_second,
            self.minutes,
            self.requests,
            listed(&self.answers),
            self.errors
        );
        text.push_str("| | Begin | End | Most | |\n|---|---|---|---|---|\n");
        for Series { name, samples, flat } in &self.series {
            let (begin, end) = ends(samples).unwrap_or_default();
            let most = samples.iter().copied().fold(0.0, f64::max);
            let verdict = flat.map_or("–", |flat| if flat { "flat" } else { "not flat" });
            text.push_str(&format!("| {name} | {begin:.1} | {end:.1} | {most:.1} | {verdict} |\n"));
        }
        text
    }

    /// What was wrong.
    pub(crate) fn failure(&self) -> Option<String> {
        let growing = self.series.iter().filter(|series| series.flat == Some(false));
        let growing = growing.map(|series| format!("{} is not flat", series.name));
        let errors = (self.errors > 0).then(|| format!("{} errors", self.errors));
        let wrong: Vec<_> = errors.into_iter().chain(growing).collect();
        (!wrong.is_empty()).then(|| format!("the soak on {}: {}", self.deployment.name(), wrong.join(", ")))
    }
}

/// Everything that is sampled beside the load, by name and in order.
type Samples = Vec<(String, Expected, Vec<f64>)>;

/// Runs the mixed load for that many minutes.
pub(crate) async fn soak(bench: &Bench<'_>, minutes: u64) -> Outcome<Soak> {
    let per_second = bench.cli.rate.unwrap_or(200.0);
    let stop = CancellationToken::new();
    let pids = bench.server.processes.iter().map(|process| (process.name, process.pid())).collect();
    let place = Arc::new(bench.setup.place.clone());
    let watching = tokio::spawn(watch(pids, place, stop.clone()));
    let begun = Instant::now();
    let (mut requests, mut answers, mut errors) = (0, BTreeMap::new(), 0);
    let (mut p50, mut p95) = (Vec::new(), Vec::new());
    while begun.elapsed() < Duration::from_secs(minutes * 60) {
        let load = mixed_load(bench).await?;
        let found = arrive(&bench.api, &load, Arrivals { per_second, duration: WINDOW }).await?;
        requests += found.requests;
        add(&mut answers, &found.answers);
        errors += found.error_count();
        p50.push(found.p50_ms);
        p95.push(found.p95_ms);
    }
    stop.cancel();
    let latency = Expected::flat(1.3, 1.0);
    let mut samples = watching.await??;
    samples.push(("p50 ms".to_owned(), latency, p50));
    samples.push(("p95 ms".to_owned(), latency, p95));
    let judged = |(name, expected, samples): (String, Expected, Vec<f64>)| {
        let flat = expected.holds(&samples, minutes);
        Series { name, samples, flat }
    };
    let deployment = bench.setup.place.deployment;
    let series = samples.into_iter().map(judged).collect();
    Ok(Soak { deployment, per_second, minutes, requests, answers, errors, series })
}

async fn watch(pids: Vec<(&'static str, u32)>, place: Arc<Place>, stop: CancellationToken) -> Outcome<Samples> {
    let database = connect(&place.database_url()).await?;
    let mut samples = Samples::new();
    let mut note = |name: String, expected: Expected, value: f64| match samples.iter_mut().find(|it| it.0 == name) {
        Some((_, _, values)) => values.push(value),
        None => samples.push((name, expected, vec![value])),
    };
    let mut ticks = tokio::time::interval(SAMPLE_EVERY);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        for (name, pid) in &pids {
            let usage = Usage::of(*pid).ok_or_else(|| format!("{name} is gone"))?;
            let rss = usage.rss_bytes as f64 / MIB;
            note(format!("{name}: RSS MiB"), Expected::flat(1.1, 8.0), rss);
            note(format!("{name}: open files"), Expected::flat(1.0, 8.0), usage.open_files as f64);
            note(format!("{name}: threads"), Expected::flat(1.0, 2.0), usage.threads as f64);
        }
        if let Some(count) = connections(&database, &place).await? {
            note("database connections".to_owned(), Expected::flat(1.0, 4.0), count as f64);
        }
        let waiting = outbox_depth(&database).await?;
        note("events in the outbox".to_owned(), Expected::flat(1.5, 50.0), waiting as f64);
        for (name, expected, value) in queue::sample(&place).await? {
            note(name.to_owned(), expected, value);
        }
    }
    database.close().await?;
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_is_not_flat() {
        let series = |name: &str, samples: Vec<f64>, flat| Series { name: name.to_owned(), samples, flat };
        let grows = series("RSS", (0..24).map(f64::from).collect(), Some(false));
        let soak = Soak {
            deployment: Deployment::Sqlite,
            per_second: 200.0,
            minutes: 10,
            requests: 120_000,
            answers: [("200".to_owned(), 119_000), ("201".to_owned(), 1_000)].into(),
            errors: 0,
            series: vec![series("threads", vec![9.0; 24], Some(true)), series("kept", vec![1.0; 24], None), grows],
        };
        let table = soak.table();
        assert!(table.contains("120000 requests (200: 119000, 201: 1000), 0 errors\n"), "{table}");
        assert!(table.contains("| threads | 9.0 | 9.0 | 9.0 | flat |"), "{table}");
        assert!(table.contains("| RSS | 6.5 | 20.5 | 23.0 | not flat |"), "{table}");
        assert!(table.contains("| kept | 1.0 | 1.0 | 1.0 | – |"), "{table}");
        assert_eq!(soak.failure().as_deref(), Some("the soak on sqlite: RSS is not flat"));
        assert_eq!(Soak { series: Vec::new(), ..soak.clone() }.failure(), None);
        assert!(Soak { series: Vec::new(), errors: 1, ..soak }.failure().is_some());
    }
}
