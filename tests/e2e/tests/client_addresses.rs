//! Whose address counts: that of whoever connects, or the one that a trusted proxy names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use tenon_e2e_tests::{
    Answer, Api, Deployment, Options, PASSWORD, Person, Server, eventually, on_every_deployment, on_own_servers, text,
};

on_every_deployment!(nobody_chooses_an_address);
on_own_servers!(behind_a_trusted_proxy_each_client_has_its_own);

async fn sign_in(api: &Api, email: &str, password: &str, forwarded_for: &str) -> Answer {
    let call = api.post("/auth/login", json!({"email": email, "password": password}));
    call.header("x-forwarded-for", forwarded_for).await
}

/// Guesses with each of these in turn, with none of them more often than an address may without a pause.
async fn guess_until_paused(api: &Api, email: &str, forwarded_for: [&str; 4]) {
    for value in forwarded_for.iter().cycle().take(20) {
        let answer = sign_in(api, email, "not the password", value).await;
        if answer.status == 429 {
            answer.problem(429, "auth.too_many_attempts");
            return;
        }
        answer.problem(401, "auth.invalid_credentials");
    }
    panic!("20 guesses were let through");
}

/// The address that the audit trail has of a task created with this header.
async fn audited(owner: &Person, api: &Api, project: &Value, header: (&str, &str)) -> String {
    let body = json!({"project_id": project["id"], "title": "From somewhere"});
    let task = api.post("/tasks", body).header(header.0, header.1).await.expect(201);
    let path = format!("/audit-logs?action=task.created&resource_id={}", text(&task, "id"));
    let entry = eventually("an entry", || async { owner.all(&path).await.pop() }).await;
    text(&entry, "ip")
}

async fn nobody_chooses_an_address(server: Server) {
    let owner = Person::found(&server).await;
    // Of its own, because failed sign-ins count for it.
    let guesser = server.api().from_address([127, 0, 4, 1].into());
    guess_until_paused(&guesser, &owner.email, ["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"]).await;

    let project = owner.project("ENG").await;
    let elsewhere = owner.api.from_address([127, 0, 4, 2].into());
    for header in [("x-forwarded-for", "203.0.113.7"), ("forwarded", "for=203.0.113.7")] {
        assert_eq!(audited(&owner, &elsewhere, &project, header).await, "127.0.4.2", "{header:?}");
    }
}

async fn behind_a_trusted_proxy_each_client_has_its_own(deployment: Deployment) {
    let options = Options::default().with("TENON_TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8");
    let server = Server::start(deployment, options).await;
    let owner = Person::found(&server).await;
    let same = ["203.0.113.7", "198.51.100.66, 203.0.113.7", "203.0.113.7, 10.1.2.3", "203.0.113.7:4711"];
    guess_until_paused(&server.api(), &owner.email, same).await;
    // It concerns nobody else behind the same proxy.
    sign_in(&server.api(), &owner.email, PASSWORD, "203.0.113.8").await.expect(200);

    let project = owner.project("ENG").await;
    let cases = [
        ("x-forwarded-for", "198.51.100.66, 203.0.113.8, 10.1.2.3", "203.0.113.8"),
        ("forwarded", "for=198.51.100.66, for=\"[2001:db8::9]:4711\";proto=https", "2001:db8::9"),
        ("x-forwarded-for", "unknown", "127.0.0.1"),
    ];
    for (name, value, address) in cases {
        assert_eq!(audited(&owner, &owner.api, &project, (name, value)).await, address, "{name}: {value}");
    }
    // Whoever connects from elsewhere is no proxy.
    let elsewhere = owner.api.from_address([127, 0, 0, 2].into());
    assert_eq!(audited(&owner, &elsewhere, &project, ("x-forwarded-for", "203.0.113.8")).await, "127.0.0.2");
}
