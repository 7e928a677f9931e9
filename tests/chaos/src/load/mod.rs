//! Clients that write and read until they are told to stop, and then until nothing is left unknown.

mod client;

use std::time::SystemTime;

use serde_json::{Value, json};
use tenon_e2e_tests::{PASSWORD, Person};
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::client::Client;
use crate::Cluster;
use crate::ledger::Ledger;

/// An organization of its own, with somebody who writes, somebody who is told, and a project.
pub struct Scene {
    pub owner: Person,
    pub assignee: Person,
    pub project: Value,
    /// No mail about it is older.
    pub founded: SystemTime,
}

impl Scene {
    pub async fn found(cluster: &Cluster) -> Self {
        let founded = SystemTime::now();
        let owner = Person::found_with(&cluster.api(0)).await;
        let assignee = owner.invite("Mia Member", "member").await;
        let project = owner.project("ENG").await;
        Self { owner, assignee, project, founded }
    }

    /// The same with new sessions: an access token is good for a quarter of an hour.
    pub async fn signed_in_again(&self) -> Self {
        let (owner, assignee) = (sign_in_again(&self.owner).await, sign_in_again(&self.assignee).await);
        Self { owner, assignee, project: self.project.clone(), founded: self.founded }
    }
}

async fn sign_in_again(person: &Person) -> Person {
    let api = person.api.without_token();
    let body = json!({"email": person.email, "password": PASSWORD});
    Person::signed_in(&api, &api.post("/auth/login", body).await.expect(200))
}

/// The clients, at work.
pub struct Load {
    stop: watch::Sender<bool>,
    clients: JoinSet<Ledger>,
}

impl Load {
    /// Starts `writers` clients that write and `readers` that read. The seed decides what each does.
    pub fn start(roots: &[String], scene: &Scene, writers: usize, readers: usize, seed: u64) -> Self {
        let stop = watch::Sender::new(false);
        let mut clients = JoinSet::new();
        for n in 0..writers + readers {
            let client = Client::new(n, roots, scene, seed);
            let stopped = stop.subscribe();
            if n < writers {
                clients.spawn(client.write(stopped));
            } else {
                clients.spawn(client.read(stopped));
            }
        }
        Self { stop, clients }
    }

    /// Lets the clients finish what they do, and answers what they know together.
    pub async fn finish(mut self) -> Ledger {
        self.stop.send_replace(true);
        let mut all = Ledger::default();
        while let Some(ledger) = self.clients.join_next().await {
            all.merge(ledger.expect("a client that does not panic"));
        }
        all
    }
}
