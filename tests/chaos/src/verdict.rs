//! Whether what is stored is what the clients were told, with every effect exactly once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tenon_e2e_tests::text;

use crate::Cluster;
use crate::effects::Effects;
use crate::ledger::Ledger;
use crate::load::Scene;
use crate::quiet::until_quiet;

/// How long effects may take to arrive after everything is back. An event whose job died with a worker is handed out
/// again after some seconds; the rest is for a busy machine.
const EFFECTS_WITHIN: Duration = Duration::from_secs(60);

/// Checks everything once nothing is left to be done. Answers how long the effects took, or all that is wrong.
pub async fn verdict(cluster: &Cluster, scene: &Scene, ledger: &Ledger) -> Result<Duration, Vec<String>> {
    let expected = Effects::expected(ledger);
    let begun = Instant::now();
    while begun.elapsed() < EFFECTS_WITHIN && Effects::read(cluster, scene).await.are_fewer_than(&expected) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let took = begun.elapsed();
    let mut faults = ledger.faults.clone();
    // All may be there, and once more in a moment.
    faults.extend(until_quiet(cluster).await.err());
    faults.extend(faults_now(cluster, scene, ledger).await);
    if faults.is_empty() { Ok(took) } else { Err(faults) }
}

/// All that is wrong with what is stored at this moment.
pub async fn faults_now(cluster: &Cluster, scene: &Scene, ledger: &Ledger) -> Vec<String> {
    let tasks = scene.owner.all(&format!("/projects/{}/tasks", text(&scene.project, "id"))).await;
    let mut faults = compare(ledger, &tasks);
    let effects = Effects::read(cluster, scene).await;
    faults.extend(effects.differences(&Effects::expected(ledger)));
    faults
}

/// What the ledger says about the stored tasks, one by one.
fn compare(ledger: &Ledger, tasks: &[Value]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut numbers = BTreeSet::new();
    let mut stored = BTreeMap::new();
    for task in tasks {
        if !numbers.insert(task["number"].as_i64()) {
            faults.push(format!("the number {} was given twice", task["number"]));
        }
        let mark = text(task, "description");
        if !ledger.tasks.contains_key(&mark) {
            faults.push(format!("nobody knows of the task {task}"));
        }
        if stored.insert(mark.clone(), task).is_some() {
            faults.push(format!("{mark} was created twice"));
        }
    }
    for (mark, entry) in &ledger.tasks {
        let Some(task) = stored.get(mark) else {
            faults.push(format!("{mark} was acknowledged and is lost"));
            continue;
        };
        let events: usize = entry.events.values().sum();
        let as_told = text(task, "id") == entry.id
            && task["number"].as_i64() == Some(entry.number)
            && task["title"] == entry.title.as_str()
            && task["status"] == entry.status.as_str()
            && task["assignee_ids"] == json!([entry.assignee])
            && task["version"].as_u64() == Some(events as u64);
        if !as_told {
            faults.push(format!("{mark} was acknowledged as {entry:?} and is {task}"));
        }
    }
    faults
}
