//! From the commit of a change to the notification of it, as its recipient sees it over HTTP.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use uuid::Uuid;

use crate::Outcome;
use crate::fill::{ASSIGNEE, OWNER};
use crate::measurement::Measurement;
use crate::open_loop::{Arrivals, of_latencies};
use crate::report::Row;
use crate::requests::Request;
use crate::run::Bench;
use crate::scenario::Scenario;
use crate::server::Api;

const WANTED_P99_MS: f64 = 100.0;
/// The recipient looks this often; what is measured is longer than the truth by up to that and one request.
const LOOK_EVERY: Duration = Duration::from_millis(3);
/// What has not been seen by then is lost.
const WAIT_WITHIN: Duration = Duration::from_secs(30);

/// Creates assigned tasks at a constant rate, while the assignee looks at the newest notifications again and again.
pub(crate) async fn measure(bench: &Bench<'_>) -> Outcome<Row> {
    let owner = bench.api.sign_in(OWNER).await?;
    let assignee = bench.api.sign_in(ASSIGNEE).await?;
    let done = Arc::new(AtomicBool::new(false));
    let meter = bench.meter(&bench.server);
    let looking = tokio::spawn(look(bench.api.clone(), assignee, done.clone()));
    let arrivals = Arrivals { per_second: bench.cli.rate.unwrap_or(100.0), duration: bench.duration() };
    let begun = Instant::now();
    let committed = create(bench, &owner, arrivals).await?;
    let elapsed = begun.elapsed();
    bench.settle().await?;
    // One more look after the last event was dealt with.
    tokio::time::sleep(Duration::from_millis(200)).await;
    done.store(true, Ordering::Relaxed);
    let seen = tokio::time::timeout(WAIT_WITHIN, looking).await???;
    let mut tenon = of_latencies(latencies(&committed, &seen), elapsed);
    meter.end(&bench.server, &mut tenon)?;
    Ok(row(bench, tenon, committed.len()))
}

/// When the answer to each creation came: by then it is committed.
async fn create(bench: &Bench<'_>, token: &str, arrivals: Arrivals) -> Outcome<HashMap<Uuid, Instant>> {
    let mut ticks = arrivals.begin();
    let mut under_way = Vec::new();
    let projects = bench.world.projects.iter().cycle();
    for project in projects {
        if ticks.recv().await.is_none() {
            break;
        }
        let body = json!({"project_id": project, "title": "To be told of", "assignee_ids": [bench.world.assignee]});
        let request = Request::post("/api/v1/tasks", body).by(token);
        let api = bench.api.clone();
        under_way.push(tokio::spawn(async move { (api.send(&request).await, Instant::now()) }));
    }
    let mut committed = HashMap::new();
    for answer in under_way {
        let (task, at) = answer.await?;
        committed.insert(id(&task?["id"])?, at);
    }
    Ok(committed)
}

/// When the notification of each task was first seen.
async fn look(api: Api, token: String, done: Arc<AtomicBool>) -> Outcome<HashMap<Uuid, Instant>> {
    let newest = Request::get("/api/v1/notifications?limit=100").by(&token);
    let mut seen = HashMap::new();
    while !done.load(Ordering::Relaxed) {
        let page = api.send(&newest).await?;
        let now = Instant::now();
        for notification in page["data"].as_array().ok_or("no list of notifications")? {
            seen.entry(id(&notification["resource"]["id"])?).or_insert(now);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(seen)
}

fn id(value: &serde_json::Value) -> Outcome<Uuid> {
    Ok(value.as_str().ok_or("no id")?.parse()?)
}

/// In milliseconds; a notification can be seen before the answer that announced the task has arrived.
fn latencies(committed: &HashMap<Uuid, Instant>, seen: &HashMap<Uuid, Instant>) -> Vec<f64> {
    let of = |(task, at): (&Uuid, &Instant)| Some(seen.get(task)?.saturating_duration_since(*at).as_secs_f64() * 1e3);
    committed.iter().filter_map(of).collect()
}

fn row(bench: &Bench<'_>, mut tenon: Measurement, committed: usize) -> Row {
    let unseen = committed as u64 - tenon.requests;
    if unseen > 0 {
        tenon.errors.insert("unseen".to_owned(), unseen);
    }
    let met = tenon.p99_ms < WANTED_P99_MS && unseen == 0;
    Row {
        target: Some(format!("p99 < {WANTED_P99_MS:.0} ms")),
        met: Some(met),
        ..Row::alone(bench.setup.place.deployment, Scenario::EventLatency.name(), tenon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_seen_has_no_latency() {
        let begun = Instant::now();
        let at = |ms: u64| begun + Duration::from_millis(ms);
        let committed = [(Uuid::from_u128(1), at(10)), (Uuid::from_u128(2), at(20)), (Uuid::from_u128(3), at(30))];
        let seen = [(Uuid::from_u128(1), at(15)), (Uuid::from_u128(3), at(29)), (Uuid::from_u128(4), at(40))];
        let mut found = latencies(&committed.into(), &seen.into());
        found.sort_by(f64::total_cmp);
        assert_eq!(found, [0.0, 5.0]);
    }
}
