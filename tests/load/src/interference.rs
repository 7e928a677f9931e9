//! What one load does to another: a probe at a constant rate, alone and beside a flood.

use std::time::Duration;

use serde_json::json;

use crate::Outcome;
use crate::drive::note_unfinished;
use crate::fill::{NEIGHBOR, OWNER, PASSWORD};
use crate::measurement::Measurement;
use crate::open_loop::{Arrivals, arrive};
use crate::report::Row;
use crate::requests::{Load, Request};
use crate::run::Bench;
use crate::scenario::Scenario;
use crate::statistics::ratio;
use crate::wrk::{Pressure, drive};

/// How much longer than alone a request may take beside a flood, at the 95th percentile.
const WANTED_RATIO: f64 = 3.0;
/// Sign-ins under way at a time.
const LOGINS: u32 = 200;
/// Before and after the probe, the flood is already and still there.
const MARGIN: Duration = Duration::from_secs(1);

/// People read tasks while very many sign in.
pub(crate) async fn login_flood(bench: &Bench<'_>) -> Outcome<Row> {
    let token = bench.api.sign_in(OWNER).await?;
    let reads = bench.world.tasks.iter().take(200).map(|id| Request::get(format!("/api/v1/tasks/{id}")).by(&token));
    // Not as who reads: their session would be displaced by so many others.
    let login = Request::post("/api/v1/auth/login", json!({"email": NEIGHBOR, "password": PASSWORD}));
    beside(bench, Scenario::LoginFlood, Load::listed(reads.collect()), Load::random(vec![login]), LOGINS).await
}

/// One organization lists as fast as it can, another one a few times a second.
pub(crate) async fn fairness(bench: &Bench<'_>) -> Outcome<Row> {
    let (greedy, modest) = (bench.api.sign_in(OWNER).await?, bench.api.sign_in(NEIGHBOR).await?);
    let list = |project, token: &str| Request::get(format!("/api/v1/tasks?project_id={project}&limit=50")).by(token);
    let flood = bench.world.projects.iter().map(|project| list(project, &greedy)).collect();
    let tasks = bench.world.neighbor_tasks.iter();
    let mut probe: Vec<_> = tasks.map(|id| Request::get(format!("/api/v1/tasks/{id}")).by(&modest)).collect();
    probe.resize(probe.len() * 2, list(&bench.world.neighbor_project, &modest));
    beside(bench, Scenario::Fairness, Load::listed(probe), Load::random(flood), bench.cli.connections).await
}

async fn beside(bench: &Bench<'_>, scenario: Scenario, probe: Load, flood: Load, connections: u32) -> Outcome<Row> {
    let arrivals = Arrivals { per_second: bench.cli.rate.unwrap_or(100.0), duration: bench.duration() };
    // Once for the caches, once for the figure.
    arrive(&bench.api, &probe, Arrivals { duration: MARGIN, ..arrivals }).await?;
    let meter = bench.meter(&bench.server);
    let mut alone = arrive(&bench.api, &probe, arrivals).await?;
    meter.end(&bench.server, &mut alone)?;
    let meter = bench.meter(&bench.server);
    let pressure = Pressure { connections, duration: arrivals.duration + 2 * MARGIN, statuses: true };
    let flooding = drive(&bench.cli.wrk, &bench.setup.place.directory, &bench.server.address, &flood, pressure);
    let probing = async {
        tokio::time::sleep(MARGIN).await;
        arrive(&bench.api, &probe, arrivals).await
    };
    let (flood, beside) = tokio::join!(flooding, probing);
    let (mut flood, mut beside) = (flood?, beside?);
    meter.end(&bench.server, &mut beside)?;
    note_unfinished(&bench.server, &mut flood).await?;
    eprintln!(
        "  {}: the flood got {:.0}/s, p95 {:.0} ms, errors {:?}",
        scenario.name(),
        flood.requests_per_second,
        flood.p95_ms,
        flood.errors
    );
    bench.settle().await?;
    Ok(row(bench, scenario, beside, alone))
}

fn row(bench: &Bench<'_>, scenario: Scenario, beside: Measurement, alone: Measurement) -> Row {
    let slower = ratio(beside.p95_ms, alone.p95_ms);
    let met = slower.is_some_and(|slower| slower <= WANTED_RATIO) && beside.error_count() == 0;
    Row {
        ratio: slower,
        target: Some(format!("p95 ≤ {WANTED_RATIO:.0} × alone ({:.2} ms)", alone.p95_ms)),
        met: Some(met),
        reference: Some(alone),
        ..Row::alone(bench.setup.place.deployment, scenario.name(), beside)
    }
}
