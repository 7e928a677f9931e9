//! From a change to its effects: fast, and exactly once, whatever dies in between.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and read their environment"
)]

use std::collections::BTreeMap;
use std::env;
use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_json::{Value, json};
use tenon_e2e_tests::{Deployment, Options, Person, Server, eventually, eventually_within, on_every_deployment, text};

on_every_deployment!(effects_follow_within_moments);

/// How many tasks the crash tests create. `TENON_TEST_CRASH_TASKS=1000` is for runs by hand.
fn task_count() -> usize {
    env::var("TENON_TEST_CRASH_TASKS").map_or(150, |count| count.parse().expect("a number"))
}

async fn effects_follow_within_moments(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project("ENG").await;
    let mut delays = Vec::new();
    for n in 0..10 {
        let task = owner.task_with(&project, &format!("Task {n}"), json!({"assignee_ids": [member.id]})).await;
        let begun = Instant::now();
        eventually("the notification and the entry", || async {
            let path = format!("/audit-logs?action=task.created&resource_id={}", text(&task, "id"));
            let entries = owner.api.get(path).await.expect(200);
            let unread = member.api.get("/notifications/unread-count").await.expect(200);
            let told = unread["count"].as_u64() > Some(n);
            (told && entries["data"].as_array().is_some_and(|it| it.len() == 1)).then_some(())
        })
        .await;
        delays.push(begun.elapsed());
    }
    delays.sort();
    // The aim is 250 ms of an optimized build on an idle machine; this one is neither, and only shows that nothing polls.
    assert!(delays[5] < Duration::from_secs(2), "{delays:?}");
}

/// Creates tasks a few at a time; answers those that were acknowledged.
async fn create_tasks(
    owner: &Person,
    project: &Value,
    assignee: &Person,
    numbers: std::ops::Range<usize>,
) -> Vec<String> {
    let calls = numbers.map(|n| {
        let body = json!({"project_id": project["id"], "title": format!("Task {n}"), "assignee_ids": [assignee.id]});
        let call = owner.api.post("/tasks", body);
        async move { call.attempt().await.ok().filter(|answer| answer.status == 201) }
    });
    let answers: Vec<_> = futures::stream::iter(calls).buffer_unordered(8).collect().await;
    answers.into_iter().flatten().map(|answer| text(&answer.json(), "id")).collect()
}

fn count_by<'a>(values: &'a [Value], id: impl Fn(&'a Value) -> &'a Value) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(id(value).as_str().expect("an id").to_owned()).or_default() += 1;
    }
    counts
}

/// Waits until every task that exists has its entry and its notification, then checks that none has two.
async fn check_effects(owner: &Person, assignee: &Person, acknowledged: &[String]) {
    let tasks = owner.all("/tasks").await;
    let stored: BTreeMap<String, usize> = tasks.iter().map(|task| (text(task, "id"), 1)).collect();
    for id in acknowledged {
        assert!(stored.contains_key(id), "the acknowledged task {id} is lost");
    }
    let read = || async {
        let entries = owner.all("/audit-logs?action=task.created").await;
        let told = assignee.all("/notifications").await;
        let told: Vec<_> = told.into_iter().filter(|it| it.to_string().contains("task.assigned")).collect();
        let told =
            count_by(&told, |it| if it["resource"].is_object() { &it["resource"]["id"] } else { &it["resource_id"] });
        (count_by(&entries, |it| &it["resource"]["id"]), told)
    };
    eventually_within(Duration::from_secs(200), "all effects", || async {
        let (entries, told) = read().await;
        (entries.len() >= stored.len() && told.len() >= stored.len()).then_some(())
    })
    .await;
    // What is late would come as a second one.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (entries, told) = read().await;
    assert_eq!(entries, stored, "exactly one audit entry a task");
    assert_eq!(told, stored, "exactly one notification a task");
}

async fn survives(deployment: Deployment, kill: impl Fn(&Server), revive: impl AsyncFn(&Server)) {
    let server = Server::start(deployment, Options::default()).await;
    let owner = Person::found(&server).await;
    let assignee = owner.invite("Mia Member", "member").await;
    let project = owner.project("ENG").await;
    let count = task_count();
    let creating = create_tasks(&owner, &project, &assignee, 0..count);
    let killing = async {
        eventually("a third of the tasks", || async {
            let page = owner.api.get("/tasks?limit=1&include=total").attempt().await.ok()?;
            (page.status == 200 && page.json()["total"].as_u64() >= Some(count as u64 / 3)).then_some(())
        })
        .await;
        kill(&server);
    };
    let (mut acknowledged, ()) = futures::join!(creating, killing);
    revive(&server).await;
    acknowledged.extend(create_tasks(&owner, &project, &assignee, count..count + 5).await);
    assert!(acknowledged.len() >= count / 3, "{} of {count} tasks were created", acknowledged.len());
    check_effects(&owner, &assignee, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_embedded_server_that_dies_loses_and_doubles_nothing() {
    survives(Deployment::Embedded, Server::kill_api, async |server: &Server| server.start_api().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_loses_and_doubles_nothing_on_postgres() {
    survives(Deployment::PostgresRedis, Server::kill_worker, async |server: &Server| server.start_worker()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_loses_and_doubles_nothing_on_mysql() {
    survives(Deployment::MysqlRedis, Server::kill_worker, async |server: &Server| server.start_worker()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_that_dies_loses_and_doubles_nothing_on_postgres() {
    survives(Deployment::PostgresRedis, Server::kill_api, async |server: &Server| server.start_api().await).await;
}
