//! One thing happens under load, and everything is checked: what each answer was, what the probes said, how soon
//! everything was back, and what is stored.

use std::future::{Future, ready};
use std::time::{Duration, Instant};

use crate::faults::{Fault, Harm, LATE, Outage, Target};
use crate::ledger::Ledger;
use crate::load::{Load, Scene};
use crate::readiness::{NOTICED_WITHIN, Probe, Readiness};
use crate::recovery::Recovery;
use crate::rounds::Terms;
use crate::sessions;
use crate::verdict::verdict;
use crate::{Cluster, Shape};

/// So long that nothing can just wait for the end of it.
const A_WHILE: Duration = Duration::from_secs(8);
/// How soon everybody is answered.
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);
/// The few that were under way when it happened may take longer on a busy machine, and still by far not until the end.
const ANSWERED_AT_THE_LATEST: Duration = Duration::from_secs(4);

/// What was seen while the thing happened.
pub struct Seen {
    pub ledger: Ledger,
    pub outage: Outage,
    /// What each API said of its readiness while the harm lasted, once it had to be noticed.
    pub while_harmed: Vec<Vec<Probe>>,
}

/// Lets one thing happen to a cluster under load, and checks what always holds.
pub async fn happens(cluster: &Cluster, fault: Fault, seed: u64) -> Seen {
    let scene = Scene::found(cluster).await;
    happens_while(cluster, &scene, fault, seed, ready(())).await.0
}

/// Like [`happens`], with something else that goes on meanwhile.
async fn happens_while<T>(
    cluster: &Cluster,
    scene: &Scene,
    fault: Fault,
    seed: u64,
    meanwhile: impl Future<Output = T>,
) -> (Seen, T) {
    let watched = Readiness::watch_all(cluster);
    let load = Load::start(&cluster.api_roots(), scene, 4, 1, seed);
    let (outage, meanwhile) = tokio::join!(fault.happen(cluster), meanwhile);
    let outage = outage.unwrap_or_else(|why| panic!("{fault}: {why}"));
    let recovery = Recovery::watch(cluster, scene, outage.healed).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let ledger = load.finish().await;
    let while_harmed = watched.iter().map(|readiness| readiness.during(&outage)).collect();
    drop(watched);
    println!(
        "{fault}: {recovery}; {} acknowledged, {} unknown, {} told 503, {} reads failed of {}, slowest {:.2?}",
        ledger.acknowledged,
        ledger.unknown,
        ledger.unavailable,
        ledger.failed_reads,
        ledger.reads,
        ledger.slowest(),
    );
    let mut faults = recovery.faults(Terms::SHORT.back_within);
    faults.extend(verdict(cluster, scene, &ledger).await.err().into_iter().flatten());
    assert!(faults.is_empty(), "{fault}: {faults:#?}");
    assert!(ledger.acknowledged > 0, "nothing was acknowledged, so nothing was tested");
    (Seen { ledger, outage, while_harmed }, meanwhile)
}

impl Seen {
    /// Nobody waits for what is away. Those that are sent while it is away know better than those under way before.
    #[track_caller]
    fn assert_quick_answers(&self) {
        let durations = self.ledger.durations(self.outage.from, self.outage.until);
        let late: Vec<_> = durations.iter().filter(|took| **took >= ANSWERED_WITHIN).collect();
        assert!(!durations.is_empty(), "nobody asked for anything");
        assert!(late.len() * 100 <= durations.len(), "of {} requests these took too long: {late:?}", durations.len());
        let slowest = self.ledger.slowest();
        assert!(slowest < ANSWERED_AT_THE_LATEST, "a request hung for {slowest:?}");
    }

    /// Every API said this, whenever it was asked.
    #[track_caller]
    fn assert_readiness(&self, status: u16) {
        for (n, probes) in self.while_harmed.iter().enumerate() {
            assert!(!probes.is_empty(), "nobody asked API {n} whether it is ready");
            let wrong = |probe: &&Probe| probe.status != Some(status) || probe.took >= ANSWERED_AT_THE_LATEST;
            let lie = probes.iter().find(wrong);
            assert!(lie.is_none(), "API {n} did not say {status}: {lie:?} of {probes:?}");
        }
    }
}

/// What must be so when the database is away: quick refusals, no hanging request, and readiness that says so.
pub async fn database_goes_away(shape: &Shape, harm: Harm, seed: u64) {
    let cluster = Cluster::start(shape).await;
    let seen = happens(&cluster, Fault::soon(Target::Database, harm, A_WHILE), seed).await;
    assert!(seen.ledger.unavailable > 0, "somebody must have been told 503");
    seen.assert_quick_answers();
    seen.assert_readiness(503);
    cluster.assert_that_nothing_ended();
}

/// What must be so when Redis is away: everything goes on, nobody is signed out, and people sign in and out.
pub async fn redis_goes_away(shape: &Shape, harm: Harm, seed: u64) {
    let cluster = Cluster::start(shape).await;
    let scene = Scene::found(&cluster).await;
    let fault = Fault::soon(Target::Redis, harm, A_WHILE);
    let sessions = async {
        tokio::time::sleep(fault.after + NOTICED_WITHIN + Duration::from_millis(500)).await;
        let ended = sessions::come_and_go(&cluster, &scene.assignee).await;
        (ended, Instant::now())
    };
    let (seen, (ended, done)) = happens_while(&cluster, &scene, fault, seed, sessions).await;
    assert!(done < seen.outage.until, "signing in and out took so long that Redis was back before the end");
    ended.assert_that_it_stays_ended(&cluster).await;
    assert_eq!(seen.ledger.failures(), (0, 0, 0), "all goes on without Redis");
    seen.assert_quick_answers();
    seen.assert_readiness(200);
    cluster.assert_that_nothing_ended();
}

/// What must be so when the line to the database or Redis is slow: nothing but that it takes longer.
pub async fn line_is_slow(shape: &Shape, target: Target, seed: u64) {
    let cluster = Cluster::start(shape).await;
    let seen = happens(&cluster, Fault::soon(target, Harm::Slow, Duration::from_secs(4)), seed).await;
    assert_eq!(seen.ledger.failures(), (0, 0, 0), "what is slow is not away");
    let durations = seen.ledger.durations(seen.outage.from, seen.outage.until);
    let slow = durations.iter().filter(|took| **took >= LATE * 2).count();
    assert!(slow * 2 > durations.len(), "the line was not slow: {durations:?}");
    seen.assert_readiness(200);
    cluster.assert_that_nothing_ended();
}
