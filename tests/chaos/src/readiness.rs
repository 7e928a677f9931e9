//! What the probes said while things happened, and what of it cannot be true.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tenon_e2e_tests::Api;
use tokio::task::JoinHandle;

use crate::Cluster;
use crate::faults::{Fault, Harm, Outage, Target};

/// How soon it must be noticed that the database is away.
pub const NOTICED_WITHIN: Duration = Duration::from_secs(2);
/// A probe that was asked so shortly before the end of an outage may be answered after it.
const EDGE: Duration = Duration::from_millis(500);
const EVERY: Duration = Duration::from_millis(100);
/// How often an API may say in vain that it is not ready: on a busy machine a database may seem away for a moment.
const HICCUPS: usize = 10;

/// One probe: when it was asked, how long it took, and what it said (`None`: nothing).
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    pub asked: Instant,
    pub took: Duration,
    pub status: Option<u16>,
}

/// Asks an API ten times a second whether it is ready.
pub struct Readiness {
    probing: JoinHandle<()>,
    probes: Arc<Mutex<Vec<Probe>>>,
}

impl Readiness {
    pub fn watch(api: Api) -> Self {
        let api = api.with_limit(Duration::from_secs(6));
        let probes = Arc::<Mutex<Vec<Probe>>>::default();
        let noted = Arc::clone(&probes);
        let probing = tokio::spawn(async move {
            loop {
                let asked = Instant::now();
                let status = api.get("//health/ready").attempt().await.ok().map(|answer| answer.status);
                noted.lock().unwrap().push(Probe { asked, took: asked.elapsed(), status });
                tokio::time::sleep(EVERY).await;
            }
        });
        Self { probing, probes }
    }

    /// Asks every API, in their order.
    pub fn watch_all(cluster: &Cluster) -> Vec<Self> {
        (0..cluster.api_count()).map(|n| Self::watch(cluster.api(n))).collect()
    }

    /// The probes so far.
    pub fn all(&self) -> Vec<Probe> {
        self.probes.lock().unwrap().clone()
    }

    /// The probes that were asked while an outage lasted, once it had to be known.
    pub fn during(&self, outage: &Outage) -> Vec<Probe> {
        let (from, until) = (outage.from + NOTICED_WITHIN, outage.until - EDGE);
        self.all().into_iter().filter(|probe| probe.asked >= from && probe.asked < until).collect()
    }
}

impl Drop for Readiness {
    fn drop(&mut self) {
        self.probing.abort();
    }
}

/// What was said that cannot be true. Of two things one can be sure: nobody is ready while the database is away, and
/// who was not harmed itself is ready as long as the database is there.
pub fn lies(plan: &[Fault], outages: &[(Fault, Outage)], watched: &[Readiness]) -> Vec<String> {
    let mut lies = Vec::new();
    for (fault, outage) in outages.iter().filter(|(fault, _)| takes_database_away(fault)) {
        for (n, readiness) in watched.iter().enumerate() {
            // One that starts meanwhile takes connections before it can answer: what it says after the outage is true.
            let starts = plan.iter().any(|fault| fault.target == Target::Api(n));
            let true_by_then = |probe: &Probe| starts && probe.asked + probe.took >= outage.until;
            let probes = readiness.during(outage);
            if let Some(lie) = probes.iter().find(|probe| probe.status == Some(200) && !true_by_then(probe)) {
                let after = lie.asked - outage.from;
                lies.push(format!("API {n} said {after:.1?} after the beginning of “{fault}” that it was ready"));
            }
        }
    }
    if plan.iter().any(|fault| fault.target == Target::Database) {
        return lies;
    }
    for (n, readiness) in watched.iter().enumerate() {
        if plan.iter().any(|fault| fault.target == Target::Api(n)) {
            continue;
        }
        let unready = readiness.all().iter().filter(|probe| probe.status != Some(200)).count();
        if unready > HICCUPS {
            lies.push(format!("API {n} was not ready {unready} times, though all that it needs was there"));
        }
    }
    lies
}

/// One that is told to end serves its connections for a while, and a slow one serves.
fn takes_database_away(fault: &Fault) -> bool {
    fault.target == Target::Database && !matches!(fault.harm, Harm::Restart | Harm::Slow)
}
