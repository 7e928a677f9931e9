//! How soon everything is back once what was harmed was made good again.

use std::fmt;
use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::json;
use tenon_e2e_tests::{Api, array, text};
use tokio::time::sleep;

use crate::Cluster;
use crate::load::Scene;

/// When waiting ends. What is too long is said by whoever asked.
const WATCHED_FOR: Duration = Duration::from_secs(30);
/// How long a single answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);

/// Times after the moment when everything was there again.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// Until every API was ready, or which one was not.
    pub ready: Result<Duration, String>,
    /// Until every API acknowledged a write.
    pub write: Option<Duration>,
    /// Until those writes had their effects.
    pub effect: Option<Duration>,
}

impl Recovery {
    /// To be called at the moment when everything is there again. The writes are its own: the clients may have to
    /// insist on what they began before, which takes its time (ADR 12) and says nothing about what is new.
    pub async fn watch(cluster: &Cluster, scene: &Scene, healed: Instant) -> Self {
        let ready = async { cluster.until_ready(WATCHED_FOR).await.map(|()| healed.elapsed()) };
        let writes = (0..cluster.api_count()).map(|n| {
            let api = scene.owner.api.with_limit(PATIENCE).at(&cluster.api_root(n));
            async move { first_write(&api, n, healed).await }
        });
        let (ready, writes) = tokio::join!(ready, join_all(writes));
        let longest = |times: Vec<Option<Duration>>| times.into_iter().collect::<Option<Vec<_>>>()?.into_iter().max();
        let (writes, effects) = writes.into_iter().unzip();
        Self { ready, write: longest(writes), effect: longest(effects) }
    }

    /// What took too long. Effects may take as long as they are watched for: what was lost is handed out again later.
    pub fn faults(&self, within: Duration) -> Vec<String> {
        let mut faults = Vec::new();
        match &self.ready {
            Ok(took) if *took <= within => {}
            Ok(took) => faults.push(format!("all APIs were ready only after {took:.2?}")),
            Err(why) => faults.push(why.clone()),
        }
        match self.write {
            Some(took) if took <= within => {}
            Some(took) => faults.push(format!("a write was acknowledged by all APIs only after {took:.2?}")),
            None => faults.push(format!("some API acknowledged no write within {WATCHED_FOR:?}")),
        }
        if self.effect.is_none() {
            faults.push(format!("a write had no effect within {WATCHED_FOR:?}"));
        }
        faults
    }
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |took: Option<Duration>| took.map_or_else(|| "never".to_owned(), |took| format!("{took:.2?}"));
        let ready = text(self.ready.as_ref().ok().copied());
        write!(f, "ready after {ready}, first write {}, its effect {}", text(self.write), text(self.effect))
    }
}

/// When this API first acknowledged a new project, and when that was on the audit trail.
async fn first_write(api: &Api, n: usize, healed: Instant) -> (Option<Duration>, Option<Duration>) {
    let mut attempt = 0;
    let project = loop {
        if healed.elapsed() >= WATCHED_FOR {
            return (None, None);
        }
        attempt += 1;
        let body = json!({"key": format!("P{n}X{attempt}"), "name": "Back again"});
        match api.post("/projects", body).attempt().await {
            Ok(answer) if answer.status == 201 => break answer.json(),
            _ => sleep(PAUSE).await,
        }
    };
    let written = healed.elapsed();
    let path = format!("/audit-logs?resource_type=project&resource_id={}&limit=1", text(&project, "id"));
    while healed.elapsed() < WATCHED_FOR {
        let answer = api.get(&path).attempt().await.ok().filter(|answer| answer.status == 200);
        if answer.is_some_and(|answer| !array(&answer.json()).is_empty()) {
            return (Some(written), Some(healed.elapsed()));
        }
        sleep(PAUSE).await;
    }
    (Some(written), None)
}
