//! What cannot be told apart is the same work, so that the time it takes tells nothing: counted in statements and hashed
//! passwords, because times differ with the machine. `tenon-load --scenario timing` measures those.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and make ids"
)]

use std::future::Future;

use serde_json::json;
use tenon_e2e_tests::{Answer, Api, Deployment, Options, PASSWORD, Person, Server, text, unique_email};
use uuid::Uuid;

/// How often each is done. No failure of so many has to pause.
const TIMES: usize = 3;

/// What the API has done so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Work {
    statements: u64,
    hashes: u64,
}

impl Work {
    async fn so_far(api: &Api) -> Self {
        let statements = api.metric("database_query_duration_seconds_count").await;
        Self { statements, hashes: api.metric("passwords_hashed_total").await }
    }

    /// What is done for these requests, once caches know who sends them.
    async fn of<F: Future<Output = Answer>>(server: &Server, status: u16, mut send: impl FnMut(usize) -> F) -> Self {
        send(0).await.expect(status);
        let before = Self::so_far(&server.api()).await;
        for number in 1..=TIMES {
            send(number).await.expect(status);
        }
        let after = Self::so_far(&server.api()).await;
        Self { statements: after.statements - before.statements, hashes: after.hashes - before.hashes }
    }
}

/// A server whose worker runs apart, so that every statement is of a request.
async fn server() -> Server {
    Server::start(Deployment::PostgresRedis, Options::default()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_address_is_the_same_work_as_a_wrong_password() {
    let server = server().await;
    let owner = Person::found(&server).await;
    let login = |email: String| {
        let (api, body) = (server.api(), json!({"email": email, "password": format!("not {PASSWORD}")}));
        async move { api.post("/auth/login", body).await }
    };
    let known = Work::of(&server, 401, |_| login(owner.email.clone())).await;
    let nobody = unique_email("nobody");
    let unknown = Work::of(&server, 401, |_| login(nobody.clone())).await;
    assert_eq!(known, unknown);
    assert_eq!(known.hashes, TIMES as u64, "what is compared is there");
    assert!(known.statements > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_password_is_the_same_work_for_everybody() {
    let server = server().await;
    let owner = Person::found(&server).await;
    for path in ["/auth/forgot-password", "/auth/verify-email/resend"] {
        let ask = |email: String| {
            let api = server.api();
            async move { api.post(path, json!({"email": email})).await }
        };
        let known = Work::of(&server, 202, |_| ask(owner.email.clone())).await;
        let unknown = Work::of(&server, 202, |_| ask(unique_email("nobody"))).await;
        assert_eq!(known, unknown, "{path}");
        assert!(known.statements > 0, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_of_others_is_the_same_work_as_what_nobody_has() {
    let server = server().await;
    let (owner, stranger) = (Person::found(&server).await, Person::found(&server).await);
    let project = owner.project("ENG").await;
    let mut theirs = [const { Vec::new() }; 4];
    for number in 0..=TIMES {
        theirs[0].push(text(&owner.task(&project, &format!("Task {number}")).await, "id"));
        theirs[1].push(text(&owner.project(&format!("P{number}")).await, "id"));
        theirs[2].push(owner.token(&["tasks:read"]).await.0);
        let body = json!({"email": unique_email("Grace"), "role": "member"});
        theirs[3].push(text(&owner.api.post("/invitations", body).await.expect(201), "id"));
    }
    for (list, ids) in ["/tasks", "/projects", "/users/me/tokens", "/invitations"].into_iter().zip(&theirs) {
        let read = |id: String| {
            let call = stranger.api.get(format!("{list}/{id}"));
            async move { call.await }
        };
        let foreign = Work::of(&server, 404, |number| read(ids[number].clone())).await;
        let made_up = Work::of(&server, 404, |_| read(Uuid::now_v7().to_string())).await;
        assert_eq!(foreign, made_up, "{list}");
    }
    let change = |user: String| {
        let call = stranger.api.patch(format!("/members/{user}"), json!({"role": "guest"}));
        async move { call.await }
    };
    let foreign = Work::of(&server, 404, |_| change(owner.id.clone())).await;
    let made_up = Work::of(&server, 404, |_| change(Uuid::now_v7().to_string())).await;
    assert_eq!(foreign, made_up, "/members");
    let before = Work::so_far(&server.api()).await;
    assert_eq!(Work::so_far(&server.api()).await, before, "nothing else is counted");
}
