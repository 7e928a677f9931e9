//! Twice as much as the server can take: does it still do as much as it can, and stay quick for those it lets in?

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Outcome;
use crate::drive::note_unfinished;
use crate::fill::OWNER;
use crate::measurement::Measurement;
use crate::oha::{self, Overrun};
use crate::report::Row;
use crate::requests::{Load, Request};
use crate::run::Bench;
use crate::statistics::ratio;
use crate::wrk::Pressure;

const WANTED_GOODPUT: f64 = 0.9;
/// Of those let in, at the 99th percentile, to that at half load.
const WANTED_SLOWDOWN: f64 = 5.0;
const WARM_UP: Duration = Duration::from_secs(1);
/// What overload may answer, and what the driver says of requests that were under way when it ended.
const EXPECTED: [&str; 2] = ["503", "aborted due to deadline"];

/// Measures the capacity in a closed loop, then sends half of it and twice of it at a constant rate.
pub(crate) async fn measure(bench: &Bench<'_>) -> Outcome<Vec<Row>> {
    let token = bench.api.sign_in(OWNER).await?;
    let paths: Vec<_> =
        bench.world.projects.iter().map(|project| format!("/api/v1/tasks?project_id={project}&limit=50")).collect();
    let load = Load::random(paths.iter().map(|path| Request::get(path).by(&token)).collect());
    let urls: Vec<_> = paths.iter().map(|path| format!("http://{}{path}", bench.server.address)).collect();
    let capacity = capacity(bench, &load).await?;
    let (half, at_half) = overrun(bench, &urls, &token, capacity * 0.5).await?;
    let (double, at_double) = overrun(bench, &urls, &token, capacity * 2.0).await?;
    let (kept, slowdown) = verdict(capacity, &half, &double);
    eprintln!(
        "  capacity {capacity:.0}/s; at twice of it {kept:.2} × that, p99 of the accepted {slowdown:.1} × that at half \
         load, p99 of the refused {:.1} ms",
        double.refused_p99_ms
    );
    let deployment = bench.setup.place.deployment;
    let row = |name: &str, found: Measurement| Row::alone(deployment, name.to_owned(), found);
    let good = kept >= WANTED_GOODPUT && slowdown <= WANTED_SLOWDOWN;
    let only_refused = unexpected(&at_half.errors).is_empty() && unexpected(&at_double.errors).is_empty();
    Ok(vec![
        row("overload at 0.5 ×", at_half),
        Row {
            ratio: Some(kept),
            target: Some(format!("≥ {WANTED_GOODPUT:.2} × capacity, p99 ≤ {WANTED_SLOWDOWN:.0} × half load")),
            met: Some(good && only_refused),
            ..row("overload at 2 ×", at_double)
        },
    ])
}

/// Good answers a second to as many connections as were asked for.
async fn capacity(bench: &Bench<'_>, load: &Load) -> Outcome<f64> {
    bench.drive(&bench.server, load, WARM_UP).await?;
    let pressure = Pressure { connections: bench.cli.connections, duration: bench.duration(), statuses: true };
    let found = bench.press(&bench.server, load, pressure).await?;
    match unexpected(&found.errors).as_slice() {
        [] => Ok(found.requests_per_second),
        failures => Err(format!("the capacity cannot be measured: {}", failures.join(", ")).into()),
    }
}

/// So many requests a second, and what they cost.
async fn overrun(bench: &Bench<'_>, urls: &[String], token: &str, per_second: f64) -> Outcome<(Overrun, Measurement)> {
    let meter = bench.meter(&bench.server);
    let directory = &bench.setup.place.directory;
    let found = oha::drive(&bench.cli.oha, directory, urls, token, per_second, bench.duration()).await?;
    let mut measurement = measured(&found);
    meter.end(&bench.server, &mut measurement)?;
    note_unfinished(&bench.server, &mut measurement).await?;
    Ok((found, measurement))
}

/// What went wrong that has nothing to do with too much work.
fn unexpected(errors: &BTreeMap<String, u64>) -> Vec<String> {
    let failures = errors.iter().filter(|(name, _)| !EXPECTED.contains(&name.as_str()));
    failures.map(|(name, count)| format!("{name}: {count}")).collect()
}

/// Which share of the capacity was kept, and how much slower the accepted ones were than at half load.
fn verdict(capacity: f64, half: &Overrun, double: &Overrun) -> (f64, f64) {
    let slowdown = ratio(double.accepted_p99_ms, half.accepted_p99_ms);
    (ratio(double.goodput, capacity).unwrap_or_default(), slowdown.unwrap_or(f64::INFINITY))
}

/// The accepted ones.
fn measured(found: &Overrun) -> Measurement {
    Measurement {
        requests: found.accepted,
        requests_per_second: found.goodput,
        p50_ms: found.accepted_p50_ms,
        p95_ms: found.accepted_p95_ms,
        p99_ms: found.accepted_p99_ms,
        errors: found.errors.clone(),
        ..Measurement::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goodput_is_compared_with_the_capacity_and_latency_with_half_load() {
        let found = |goodput, p99| Overrun {
            goodput,
            accepted: 1,
            accepted_p50_ms: 1.0,
            accepted_p95_ms: 1.0,
            accepted_p99_ms: p99,
            refused_p99_ms: 1.0,
            errors: [].into(),
        };
        assert_eq!(verdict(1_000.0, &found(500.0, 4.0), &found(950.0, 10.0)), (0.95, 2.5));
        assert_eq!(verdict(1_000.0, &found(0.0, 0.0), &found(1.0, 10.0)).1, f64::INFINITY);
    }

    #[test]
    fn only_refusals_are_expected() {
        let errors = [("503", 7), ("500", 1), ("aborted due to deadline", 2)];
        assert_eq!(unexpected(&errors.map(|(name, count)| (name.to_owned(), count)).into()), ["500: 1"]);
    }
}
