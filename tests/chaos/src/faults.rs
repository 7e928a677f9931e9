//! What can happen, to what, and how it is made good again.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::RngExt;
use rand::rngs::StdRng;
use tenon_e2e_tests::Deployment;
use tokio::time::sleep;

use crate::Cluster;
use crate::cluster::Backend;
use crate::proxy::Line;

/// How long a process may take to end when it is told to.
const ENDED_WITHIN: Duration = Duration::from_secs(30);
/// What a slow line adds in either direction: a server a continent away.
pub const LATE: Duration = Duration::from_millis(25);

/// What something happens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Api(usize),
    Worker(usize),
    Database,
    Redis,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(n) => write!(f, "API {n}"),
            Self::Worker(n) => write!(f, "worker {n}"),
            Self::Database => f.write_str("the database"),
            Self::Redis => f.write_str("Redis"),
        }
    }
}

/// What happens to it. Only servers have a line; what is done to one is a kill for a process of Tenon's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// `kill -9`, and a start after a while.
    Kill,
    /// SIGTERM, and a start after a while.
    Restart,
    /// SIGSTOP for a while.
    Freeze,
    /// Connections are closed and refused for a while.
    Cut,
    /// Connections stay, and nothing comes through for a while.
    Stall,
    /// Everything comes later for a while.
    Slow,
}

/// Something that happens some time after the start, and lasts for a while.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub after: Duration,
    pub target: Target,
    pub harm: Harm,
    pub lasting: Duration,
}

/// When a fault was felt.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    pub from: Instant,
    /// The moment before it began to be made good.
    pub until: Instant,
    /// Everything was there again.
    pub healed: Instant,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { after, target, harm, lasting } = self;
        write!(f, "after {after:.2?} {harm:?} {target} for {lasting:.2?}")
    }
}

impl Fault {
    /// As soon as the load has begun.
    pub fn soon(target: Target, harm: Harm, lasting: Duration) -> Self {
        Self { after: Duration::from_millis(500), target, harm, lasting }
    }

    /// What an embedded Tenon, or one on servers, can meet at a random moment of the first two seconds.
    pub fn random(cluster: &Cluster, random: &mut StdRng, longest: Duration) -> Self {
        let mut targets = cluster.targets();
        if cluster.deployment != Deployment::Embedded {
            // As likely as a process of ours.
            targets.extend([Target::Database, Target::Redis]);
        }
        let target = targets[random.random_range(0..targets.len())];
        // Mostly what the rounds are about; the rest so that they meet.
        let harm = match (random.random_range(0..10), target) {
            (0, _) => Harm::Restart,
            (1, _) => Harm::Freeze,
            (2, Target::Database | Target::Redis) => Harm::Cut,
            (3, Target::Database | Target::Redis) => Harm::Stall,
            _ => Harm::Kill,
        };
        let after = Duration::from_millis(random.random_range(200..2000));
        let lasting = Duration::from_millis(random.random_range(50..=longest.as_millis() as u64));
        Self { after, target, harm, lasting }
    }

    /// Waits, harms, waits, and makes good. Answers when that was, or what did not go as it should.
    pub async fn happen(self, cluster: &Cluster) -> Result<Outage, String> {
        sleep(self.after).await;
        let harmed = self.harm(cluster).await;
        let from = Instant::now();
        sleep(self.lasting).await;
        let until = Instant::now();
        self.heal(cluster).await;
        harmed.map(|()| Outage { from, until, healed: Instant::now() })
    }

    fn server(self, cluster: &Cluster) -> Option<&Arc<Backend>> {
        match self.target {
            Target::Api(_) | Target::Worker(_) => None,
            Target::Database => Some(cluster.database.as_ref().expect("a database server")),
            Target::Redis => Some(cluster.redis.as_ref().expect("Redis")),
        }
    }

    async fn harm(self, cluster: &Cluster) -> Result<(), String> {
        match (self.server(cluster), self.harm) {
            (None, Harm::Freeze) => cluster.freeze(self.target),
            (None, Harm::Restart) => cluster.terminate(self.target, ENDED_WITHIN).await.map(|_| ())?,
            (None, _) => cluster.kill(self.target),
            (Some(server), Harm::Kill) => server.kill().await,
            (Some(server), Harm::Restart) => server.stop().await,
            (Some(server), Harm::Freeze) => server.freeze().await,
            (Some(server), Harm::Cut) => server.set(Line::Cut),
            (Some(server), Harm::Stall) => server.set(Line::Stalled),
            (Some(server), Harm::Slow) => server.set(Line::Slow(LATE)),
        }
        Ok(())
    }

    async fn heal(self, cluster: &Cluster) {
        match (self.server(cluster), self.harm) {
            (None, Harm::Freeze) => cluster.thaw(self.target),
            (None, _) => cluster.start_again(self.target),
            (Some(server), Harm::Kill | Harm::Restart) => server.start().await,
            (Some(server), Harm::Freeze) => server.thaw().await,
            (Some(server), Harm::Cut | Harm::Stall | Harm::Slow) => server.set(Line::Whole),
        }
    }
}
