//! Limits by what requests are for, by who sends them, and by all instances together.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::json;
use tenon_e2e_tests::tokens::made_up;
use tenon_e2e_tests::{Answer, Deployment, Options, PASSWORD, Person, Server, on_own_servers, text};

on_own_servers!(
    each_class_has_its_own_quota,
    who_makes_up_tokens_is_stopped,
    refreshing_counts_by_session_and_only_failures_by_address,
);

fn limited() -> Options {
    Options::default().with("TENON_RATE_LIMITS", "on")
}

/// The refusal of a limit, which says how much there is of what, and when to come back.
fn refused(answer: &Answer, policy: &str) {
    answer.problem(429, "rate_limited");
    assert!(answer.header("ratelimit-policy").unwrap().starts_with(policy), "{:?}", answer.headers);
    assert!(answer.header("ratelimit").unwrap().contains("r=0;"), "{:?}", answer.headers);
    assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
}

async fn each_class_has_its_own_quota(deployment: Deployment) {
    let options = limited().with("TENON_RATE_LIMIT_WRITE", "3/10m").with("TENON_RATE_LIMIT_HEAVY", "2/10m");
    let server = Server::start(deployment, options).await;
    let owner = Person::found(&server).await;
    let (_, robot) = owner.token(&["tasks:write"]).await;
    let project = owner.project("ENG").await;
    owner.task(&project, "The last one for a while").await;
    let body = json!({"project_id": project["id"], "title": "One too many"});
    refused(&owner.api.post("/tasks", body.clone()).await, "\"write\";q=3;w=600");

    // Reading goes on, and so do programs and others.
    let read = owner.api.get("/tasks").await;
    read.expect(200);
    assert_eq!(read.header("ratelimit-policy"), Some("\"read\";q=6000;w=60"));
    robot.post("/tasks", body).await.expect(201);
    Person::found(&server).await.project("ENG").await;

    for _ in 0..2 {
        owner.api.get("/tasks?include=total").await.expect(200);
    }
    refused(&owner.api.get("/tasks?include=total").await, "\"heavy\";q=2;w=600");
    refused(&owner.api.get("/tasks?include=%74otal").await, "\"heavy\"");
    owner.api.get("/tasks").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_count_together() {
    let options = limited().with("TENON_RATE_LIMIT_WRITE", "3/10m").with("TENON_RATE_LIMIT_ANONYMOUS", "3/10m");
    let server = Server::start(Deployment::PostgresRedis, options).await;
    let second = server.start_second_api(Options::default()).await;
    let owner = Person::found(&server).await;
    let there = owner.api.at(&second.root);
    owner.project("ENG").await;
    there
        .post("/projects", json!({"key": "OPS", "name": "Operations", "visibility": "organization"}))
        .await
        .expect(201);
    owner.project("HR").await;
    refused(
        &there.post("/projects", json!({"key": "PR", "name": "Press", "visibility": "organization"})).await,
        "\"write\"",
    );
    let strangers = [server.api(), server.api().at(&second.root)];
    for stranger in strangers.iter().cycle().take(3) {
        stranger.get("/users/me").await.problem(401, "auth.missing_token");
    }
    for stranger in &strangers {
        refused(&stranger.get("/users/me").await, "\"anonymous\"");
    }
}

async fn refreshing_counts_by_session_and_only_failures_by_address(deployment: Deployment) {
    let options = limited().with("TENON_RATE_LIMIT_AUTH", "5/10m").with("TENON_RATE_LIMIT_REFRESH", "3/10m");
    let server = Server::start(deployment, options).await;
    // Registering is three of the five.
    let people = [Person::found(&server).await, Person::found(&server).await];
    let api = server.api();
    let refresh = async |token: &str| api.post("/auth/refresh", json!({"refresh_token": token})).await;
    for person in &people {
        let mut token = person.refresh_token.clone();
        for _ in 0..3 {
            token = text(&refresh(&token).await.expect(200), "refresh_token");
        }
        refused(&refresh(&token).await, "\"refresh\";q=3;w=600");
    }
    // Nor is a genuine token a guess that is not good any more.
    let thief = Person::found(&server).await;
    let second = text(&refresh(&thief.refresh_token).await.expect(200), "refresh_token");
    refresh(&second).await.expect(200);
    refresh(&thief.refresh_token).await.problem(401, "auth.refresh_token_reused");
    refused(&refresh(&second).await, "\"refresh\"");
    let made_up = "tenon_rt_0_0";
    for _ in 0..2 {
        refresh(made_up).await.problem(401, "auth.invalid_refresh_token");
    }
    refused(&refresh(made_up).await, "\"auth\";q=5;w=600");
    let body = json!({"email": people[0].email, "password": PASSWORD});
    refused(&api.post("/auth/login", body).await, "\"auth\"");
    people[0].api.get("/users/me").await.expect(200);
}

async fn who_makes_up_tokens_is_stopped(deployment: Deployment) {
    let server = Server::start(deployment, limited().with("TENON_RATE_LIMIT_AUTH", "5/10m")).await;
    // Registering is the first of the five.
    let owner = Person::found(&server).await;
    let (id, robot) = owner.token(&["profile:read"]).await;
    robot.get("/users/me").await.expect(200);
    for number in 0..4 {
        server.api().with_token(&made_up(number)).get("/users/me").await.problem(401, "auth.invalid_token");
    }
    let stopped = server.api().with_token(&made_up(4)).get("/users/me").await;
    stopped.problem(429, "auth.too_many_attempts");
    assert!(stopped.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    // Whose tokens are known goes on, but nobody guesses at anything else from there.
    robot.get("/users/me").await.expect(200);
    owner.api.get(format!("/users/me/tokens/{id}")).await.expect(200);
    let body = json!({"email": text(&owner.api.get("/users/me").await.expect(200), "email"), "password": PASSWORD});
    refused(&server.api().post("/auth/login", body).await, "\"auth\";q=5;w=600");
}
