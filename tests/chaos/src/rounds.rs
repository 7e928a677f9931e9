//! One round: load, faults, and the verdict, all from one seed.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::cluster::End;
use crate::ledger::Ledger;
use crate::load::Scene;
use crate::readiness::{Readiness, lies};
use crate::recovery::Recovery;
use crate::verdict::{faults_now, verdict};
use crate::{Cluster, Fault, Harm, Load, Target};

/// After this long without a fault nothing is handed out again any more: the last time is 24 s after the one before.
pub const LAST_REDELIVERY: Duration = Duration::from_secs(30);
/// A process that is younger may still be starting.
const STARTED_WITHIN: Duration = Duration::from_secs(10);

/// How hard a round is, and how it is judged.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// How soon everything must be ready, and a write be acknowledged, after it was made good.
    pub back_within: Duration,
    pub longest_outage: Duration,
}

impl Terms {
    /// What is promised, on a machine that does nothing else.
    pub const PROMISED: Self = Self { back_within: Duration::from_secs(5), longest_outage: Duration::from_secs(6) };
    /// For a machine that runs other tests meanwhile, where starting a process may take long.
    pub const SHORT: Self = Self { back_within: Duration::from_secs(15), longest_outage: Duration::from_secs(1) };
}

/// What a round found.
pub struct Report {
    pub summary: String,
    pub faults: Vec<String>,
    scene: Scene,
    ledger: Ledger,
}

impl Report {
    /// What is wrong with the round's tasks and effects now, some time later.
    pub async fn look_again(&self, cluster: &Cluster) -> Vec<String> {
        faults_now(cluster, &self.scene.signed_in_again().await, &self.ledger).await
    }
}

/// The random faults of a round, in the order in which they begin.
pub fn plan(cluster: &Cluster, seed: u64, longest: Duration) -> Vec<Fault> {
    let mut random = StdRng::seed_from_u64(seed);
    let count = random.random_range(1..=3);
    let mut plan: Vec<Fault> = (0..count).map(|_| Fault::random(cluster, &mut random, longest)).collect();
    plan.sort_by_key(|fault| fault.after);
    // One thing is harmed once at a time: what is dead cannot be killed.
    let mut kept: Vec<Fault> = Vec::new();
    for fault in plan {
        if kept.iter().all(|other| other.target != fault.target) {
            kept.push(fault);
        }
    }
    kept
}

/// `kill -9` of everything, one after the other.
pub fn every_kill(cluster: &Cluster) -> Vec<Fault> {
    let moments = (300..).step_by(700).map(Duration::from_millis);
    let lasting = Duration::from_millis(500);
    let kill = |(after, target)| Fault { after, target, harm: Harm::Kill, lasting };
    moments.zip(cluster.targets()).map(kill).collect()
}

pub async fn round(cluster: &Cluster, plan: &[Fault], seed: u64, terms: Terms) -> Report {
    let scene = Scene::found(cluster).await;
    let watched = Readiness::watch_all(cluster);
    let load = Load::start(&cluster.api_roots(), &scene, 4, 1, seed);
    let happened = join_all(plan.iter().map(|fault| fault.happen(cluster))).await;
    let recovery = Recovery::watch(cluster, &scene, Instant::now()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    let ledger = load.finish().await;
    let mut summary = format!(
        "{recovery}; {} acknowledged, {} unknown, {} told 503, {} reads ({} failed), slowest {:.2?}, resolved after \
         {:.2?}",
        ledger.acknowledged,
        ledger.unknown,
        ledger.unavailable,
        ledger.reads,
        ledger.failed_reads,
        ledger.slowest(),
        begun.elapsed(),
    );
    let mut faults = recovery.faults(terms.back_within);
    let mut outages = Vec::new();
    for (fault, outcome) in plan.iter().zip(happened) {
        match outcome {
            Ok(outage) => outages.push((*fault, outage)),
            Err(why) => faults.push(why),
        }
    }
    faults.extend(lies(plan, &outages, &watched));
    drop(watched);
    if ledger.acknowledged == 0 {
        faults.push("nothing was acknowledged, so nothing was tested".to_owned());
    }
    if recovery.ready.is_ok() {
        match verdict(cluster, &scene, &ledger).await {
            Ok(took) => write!(summary, ", all effects after {took:.2?}").unwrap(),
            Err(found) => faults.extend(found),
        }
    } else {
        faults.extend(ledger.faults.iter().cloned());
        faults.push("what is stored cannot be read".to_owned());
    }
    faults.extend(unplanned_ends(cluster, plan));
    Report { summary, faults, scene, ledger }
}

/// No process ends by itself, but one that is started while the database is away: it is started again, and again.
fn unplanned_ends(cluster: &Cluster, plan: &[Fault]) -> Vec<String> {
    let without_database = plan.iter().any(|fault| fault.target == Target::Database);
    let started = |end: &End| plan.iter().any(|fault| fault.target == end.process && fault.harm != Harm::Freeze);
    let excused = |end: &End| without_database && started(end) && end.after < STARTED_WITHIN;
    cluster.unplanned_ends().iter().filter(|end| !excused(end)).map(ToString::to_string).collect()
}
