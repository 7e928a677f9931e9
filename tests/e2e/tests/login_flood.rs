//! Very many sign in at once, and those who are signed in go on. How long that takes is measured by `tenon-load --scenario
//! login-flood`, on a machine that does nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use futures::future::join_all;
use serde_json::json;
use tenon_e2e_tests::{
    Answer, Api, Deployment, Options, PASSWORD, Person, Server, eventually, on_own_servers, text, unique_email,
};

on_own_servers!(who_reads_is_answered_while_many_sign_in);

const LOGINS: usize = 200;

async fn who_reads_is_answered_while_many_sign_in(deployment: Deployment) {
    // So many that their line is full: each takes some of a processor.
    let server = Server::start(deployment, Options::default().with("TENON_BCRYPT_COST", 10)).await;
    let owner = Person::found(&server).await;
    let task = owner.task(&owner.project("ENG").await, "Read me").await;
    let path = format!("/tasks/{}", text(&task, "id"));

    // Somebody else than who reads, whose session so many others would displace.
    let crowd = Person::found(&server).await;
    let flood: Vec<_> = (0..LOGINS)
        .map(|number| {
            // Every fourth is of nobody.
            let email = if number % 4 == 0 { unique_email("nobody") } else { crowd.email.clone() };
            tokio::spawn(login(server.api(), email))
        })
        .collect();
    let mut reads = 0;
    while reads < 20 || flood.iter().any(|login| !login.is_finished()) {
        owner.api.get(&path).await.expect(200);
        reads += 1;
    }

    let mut signed_in = 0;
    for answer in join_all(flood).await {
        let answer = answer.unwrap();
        match answer.status {
            200 => signed_in += 1,
            401 => drop(answer.problem(401, "auth.invalid_credentials")),
            429 | 503 => {
                let seconds = answer.header("retry-after").expect("when to come back");
                assert!(seconds.parse::<u64>().unwrap() > 0, "{seconds}");
            }
            status => panic!("{status} {}", answer.text),
        }
    }
    assert!(signed_in > 0, "nobody got through");
    eventually("a sign-in after the flood", || async {
        (login(server.api(), owner.email.clone()).await.status == 200).then_some(())
    })
    .await;
}

async fn login(api: Api, email: String) -> Answer {
    api.post("/auth/login", json!({"email": email, "password": PASSWORD})).await
}
