//! People who come and go while things are away.

use serde_json::json;
use tenon_e2e_tests::{Api, PASSWORD, Person, text};

use crate::Cluster;

/// The access token of a session that was ended.
pub struct EndedSession {
    token: String,
}

/// Somebody who is signed in signs in once more, refreshes that session on another API, and ends it there. What is true
/// of a session has to be true on all APIs at once.
pub async fn come_and_go(cluster: &Cluster, person: &Person) -> EndedSession {
    let here = cluster.api(0);
    let elsewhere = cluster.api(cluster.api_count() - 1);
    everywhere(cluster, person.api.token(), 200).await;

    let body = json!({"email": person.email, "password": PASSWORD});
    let first = Person::signed_in(&here, &here.post("/auth/login", body).await.expect(200));
    everywhere(cluster, first.api.token(), 200).await;

    let spent = json!({"refresh_token": first.refresh_token});
    let granted = elsewhere.post("/auth/refresh", spent.clone()).await.expect(200);
    let again = here.post("/auth/refresh", spent).await.expect(200);
    assert_eq!(again["refresh_token"], granted["refresh_token"], "as if the first answer had been lost");
    let second = Person::signed_in(&elsewhere, &granted);
    everywhere(cluster, second.api.token(), 200).await;

    second.api.post("/auth/logout", None).await.expect(204);
    everywhere(cluster, second.api.token(), 401).await;
    let ended = json!({"refresh_token": text(&granted, "refresh_token")});
    here.post("/auth/refresh", ended).await.problem(401, "auth.invalid_refresh_token");
    everywhere(cluster, person.api.token(), 200).await;
    EndedSession { token: second.api.token().to_owned() }
}

impl EndedSession {
    /// No cache that comes back may bring it back.
    pub async fn assert_that_it_stays_ended(&self, cluster: &Cluster) {
        everywhere(cluster, &self.token, 401).await;
    }
}

/// What every API answers to somebody with this access token.
async fn everywhere(cluster: &Cluster, token: &str, status: u16) {
    for root in cluster.api_roots() {
        Api::new(&root).with_token(token).get("/users/me").await.expect(status);
    }
}
