//! Access tokens of another authorization server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::time::Duration;

use serde_json::{Value, json};
use tenon_e2e_tests::{
    Deployment, IdentityProvider, Issuer, IssuerKey, Options, Person, Server, on_own_servers, text, tokens,
};

on_own_servers!(
    tokens_of_another_issuer_are_taken,
    keys_are_changed_and_an_issuer_may_be_away,
    an_issuer_that_never_answered_is_a_service_that_is_away,
    an_issuer_that_hangs_stops_no_other,
    tokens_of_a_real_authorization_server_are_taken,
);

/// A server that takes the tokens of this issuer.
async fn start(deployment: Deployment, issuer: &Issuer) -> Server {
    start_with(deployment, &[&issuer.url]).await
}

async fn start_with(deployment: Deployment, issuers: &[&str]) -> Server {
    let issuer = |url: &&str| json!({"issuer": url, "audience": "tenon", "subject": "email", "organization_claim": "organization"});
    let issuers: Value = issuers.iter().map(issuer).collect();
    let options = Options::default().with("TENON_TOKEN_ISSUERS", issuers).with("TENON_OUTBOUND_PRIVATE", "on");
    Server::start(deployment, options).await
}

/// Shows that somebody reads their address.
async fn verify(server: &Server, person: &Person) {
    server.api().post("/auth/verify-email/resend", json!({"email": person.email})).await.expect(202);
    let token = server.mailed_token(&person.email, "account/verify-email", &[]).await;
    server.api().post("/auth/verify-email", json!({"token": token})).await.expect(204);
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

async fn tokens_of_another_issuer_are_taken(deployment: Deployment) {
    let (first, second, stranger) = (IssuerKey::ed25519("1"), IssuerKey::p256("2"), IssuerKey::ed25519("1"));
    let issuer = Issuer::start(&[&first]).await;
    let server = start(deployment, &issuer).await;
    let ada = Person::found(&server).await;
    let claims = issuer.claims(&ada.email);
    let ask = async |token: &str| server.api().with_token(token).get("/users/me").await;
    ask(&first.sign(&claims)).await.problem(401, "auth.invalid_token");
    verify(&server, &ada).await;

    // What it is good for.
    let token = first.sign(&claims);
    assert_eq!(ask(&token).await.expect(200)["id"], ada.id);
    let program = server.api().with_token(&token);
    program.get("/tasks").await.expect(200);
    let project = json!({"key": "ENG", "name": "Engines", "visibility": "organization"});
    program.post("/projects", project).await.problem(403, "auth.insufficient_scope");
    program.get("/auth/sessions").await.problem(403, "auth.session_required");
    let powerless = first.sign(&with(&claims, "scope", json!("openid")));
    ask(&powerless).await.problem(403, "auth.insufficient_scope");
    let here = with(&claims, "organization", json!(ada.organization_id));
    ask(&first.sign(&here)).await.expect(200);

    // What is refused.
    let eve = Person::found(&server).await;
    for (name, value) in [
        ("aud", json!("elsewhere")),
        ("iss", json!("https://elsewhere.example")),
        ("email_verified", json!(false)),
        ("email", json!(eve.email)),
        ("email", json!("nobody@example.com")),
        ("organization", json!(eve.organization_id)),
        ("organization", json!("01998a7c-0000-7000-8000-000000000000")),
        ("organization", json!("acme")),
        ("nbf", json!(claims["exp"])),
    ] {
        let token = first.sign(&with(&claims, name, value.clone()));
        let answer = ask(&token).await;
        assert_eq!(answer.status, 401, "{name}: {value}");
        answer.problem(401, "auth.invalid_token");
    }
    for token in [
        stranger.sign(&claims),
        second.sign(&claims),
        first.sign_with_public_half(&claims),
        tokens::unsigned(&claims),
        tokens::sign(&claims, "another secret that is long enough for it"),
    ] {
        ask(&token).await.problem(401, "auth.invalid_token");
    }
    ask(&first.sign(&tokens::expired(&claims))).await.problem(401, "auth.expired_token");
    let (healthy, report) = server.tenon(&["doctor"]);
    assert!(healthy && report.contains("token issuers"), "{report}");
}

async fn keys_are_changed_and_an_issuer_may_be_away(deployment: Deployment) {
    let (first, second) = (IssuerKey::ed25519("1"), IssuerKey::p256("2"));
    let issuer = Issuer::start(&[&first]).await;
    let server = start(deployment, &issuer).await;
    let ada = Person::found(&server).await;
    verify(&server, &ada).await;
    let claims = issuer.claims(&ada.email);
    let ask = async |token: &str| server.api().with_token(token).get("/users/me").await;
    let token_of_first = first.sign(&claims);
    ask(&token_of_first).await.expect(200);

    issuer.publish(&[&second]);
    ask(&second.sign(&claims)).await.expect(200);
    ask(&token_of_first).await.problem(401, "auth.invalid_token");

    issuer.leave();
    ask(&second.sign(&with(&claims, "jti", json!("another")))).await.expect(200);
    let (healthy, report) = server.tenon(&["doctor"]);
    assert!(!healthy && report.contains("TENON_TOKEN_ISSUERS"), "{report}");
}

async fn an_issuer_that_never_answered_is_a_service_that_is_away(deployment: Deployment) {
    let key = IssuerKey::ed25519("1");
    let issuer = Issuer::start(&[&key]).await;
    let server = start(deployment, &issuer).await;
    issuer.leave();
    let ada = Person::found(&server).await;
    let answer = server.api().with_token(&key.sign(&issuer.claims(&ada.email))).get("/users/me").await;
    answer.any_problem(503);
    let pause: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((25..=30).contains(&pause), "until it is asked again: {pause}");
    ada.api.get("/users/me").await.expect(200);
}

async fn an_issuer_that_hangs_stops_no_other(deployment: Deployment) {
    let key = IssuerKey::ed25519("1");
    let (silent, other) = (Issuer::start(&[&key]).await, Issuer::start(&[&key]).await);
    silent.hang();
    let server = start_with(deployment, &[&silent.url, &other.url]).await;
    let ada = Person::found(&server).await;
    verify(&server, &ada).await;
    let token = key.sign(&silent.claims(&ada.email));
    let waiting: Vec<_> = (0..80)
        .map(|_| {
            let program = server.api().with_token(&token);
            tokio::spawn(async move { program.get("/users/me").await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let others = async {
        let program = server.api().with_token(&key.sign(&other.claims(&ada.email)));
        program.get("/users/me").await.expect(200);
        ada.api.get("/users/me").await.expect(200);
    };
    tokio::time::timeout(Duration::from_secs(2), others).await.expect("nobody else waits for it");
    for one in waiting {
        one.await.unwrap().any_problem(503);
    }
}

/// JWTs of npm's `oidc-provider` (RFC 9068), for a person and for a program.
async fn tokens_of_a_real_authorization_server_are_taken(deployment: Deployment) {
    let idp = IdentityProvider::start(true).await;
    let issuers = json!([{"issuer": idp.issuer(), "audience": IdentityProvider::API, "subject": "email"}]);
    let options = Options::default().with("TENON_TOKEN_ISSUERS", issuers).with("TENON_OUTBOUND_PRIVATE", "on");
    let server = Server::start(deployment, options).await;
    let (ada, bob) = (Person::found(&server).await, Person::found(&server).await);
    for person in [&ada, &bob] {
        verify(&server, person).await;
    }
    idp.know("ada", json!({"email": ada.email, "email_verified": true})).await;
    idp.know(IdentityProvider::API, json!({"email": bob.email, "email_verified": true})).await;

    let granted = idp.tokens_of("ada", "openid email tasks:read profile:read").await;
    let program = server.api().with_token(&text(&granted, "access_token"));
    assert_eq!(program.get("/users/me").await.expect(200)["id"], ada.id);
    program.get("/tasks").await.expect(200);
    let project = json!({"key": "ENG", "name": "Engines", "visibility": "organization"});
    program.post("/projects", project).await.problem(403, "auth.insufficient_scope");
    // Of the same issuer, for the same audience, about the same verified address.
    let id_token = server.api().with_token(&text(&granted, "id_token"));
    id_token.get("/users/me").await.problem(401, "auth.invalid_token");

    let granted = idp.token_of_client("tasks:read").await;
    let program = server.api().with_token(&text(&granted, "access_token"));
    program.get("/tasks").await.expect(200);
    program.get("/users/me").await.problem(403, "auth.insufficient_scope");
    idp.know(IdentityProvider::API, json!({"email": bob.email, "email_verified": false})).await;
    let granted = idp.token_of_client("tasks:read").await;
    let unverified = server.api().with_token(&text(&granted, "access_token"));
    unverified.get("/tasks").await.problem(401, "auth.invalid_token");

    idp.rotate().await;
    let granted = idp.tokens_of("ada", "openid profile:read").await;
    let program = server.api().with_token(&text(&granted, "access_token"));
    assert_eq!(program.get("/users/me").await.expect(200)["id"], ada.id, "its new key is fetched");
}
