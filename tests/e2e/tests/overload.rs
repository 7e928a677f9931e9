//! More requests than can be served, and clients that send slowly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};
use tenon_e2e_tests::{Answer, Deployment, Options, Person, Server, eventually, on_own_servers, text};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

on_own_servers!(slow_clients_hold_nothing_but_a_socket);

/// A server that lets in one read and one write at a time.
async fn narrow_server(deployment: Deployment) -> Server {
    let options = Options::default().with("TENON_ADMISSION", "on").with("TENON_MAX_CONCURRENCY", 1);
    Server::start(deployment, options).await
}

/// Keeps every write of the server waiting until it is dropped.
async fn hold_writes(server: &Server) -> SqliteConnection {
    let file = server.data_dir().join("tenon.db");
    let mut holder = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.expect("the database");
    sqlx::raw_sql("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE").execute(&mut holder).await.expect("the write lock");
    holder
}

/// Sends a task until it is taken: what is refused for a moment may be sent again.
async fn create(person: &Person, project: &Value, title: &str) -> Answer {
    let body = json!({"project_id": project["id"], "title": title});
    eventually("a task is taken", || async {
        let answer = person.api.post("/tasks", body.clone()).await;
        (answer.status != 503).then_some(answer)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_much_is_refused_and_may_come_back() {
    let server = narrow_server(Deployment::Embedded).await;
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    let held = hold_writes(&server).await;
    let body = json!({"project_id": project["id"], "title": "One of many"});
    let send = |number: usize| {
        let call = owner.api.post("/tasks", body.clone()).header("idempotency-key", format!("key-{number}"));
        async move { (number, call.await) }
    };
    let refused = async {
        // One is let in and waits for the database; the others find it occupied.
        let flood: Vec<_> = (0..20).map(|number| tokio::spawn(send(number))).collect();
        eventually("nineteen are refused", || async {
            let ended = flood.iter().filter(|request| request.is_finished()).count();
            (ended >= 19).then_some(())
        })
        .await;
        // What only reads is not held up by writes.
        owner.api.get(format!("/projects/{}", text(&project, "id"))).await.expect(200);
        drop(held);
        join_all(flood).await
    };
    let (answers, metrics) = (refused.await, server.api().get("//metrics").await.text);
    let (mut taken, mut refusals) = (0, 0);
    for (number, answer) in answers.into_iter().map(Result::unwrap) {
        if answer.status == 503 {
            refusals += usize::from(answer.any_problem(503)["code"] == "overloaded");
            let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=10).contains(&seconds));
            // It never started, so its key is free.
            let again = eventually("the key is taken", || async {
                let (_, answer) = send(number).await;
                (answer.status != 503).then_some(answer)
            });
            again.await.expect(201);
        } else {
            answer.expect(201);
            taken += 1;
        }
    }
    // The one inside may have waited longer than the database lets it.
    assert!(refusals >= 18 && refusals + taken >= 19, "{refusals} were refused, {taken} were taken");
    let listed = owner.all(&format!("/tasks?project_id={}", text(&project, "id"))).await;
    assert_eq!(listed.len(), 20, "each was carried out once");
    assert!(metrics.contains("requests_shed_total{class=\"writes\""), "{metrics}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_organization_does_not_crowd_out_another() {
    let server = narrow_server(Deployment::Embedded).await;
    let (noisy, quiet) = (Person::found(&server).await, Person::found(&server).await);
    let (noisy_project, quiet_project) = (noisy.project("ENG").await, quiet.project("ENG").await);
    let flood: Vec<_> = (0..32)
        .map(|number| {
            let (noisy, project) = (noisy.clone(), noisy_project.clone());
            tokio::spawn(async move {
                let body = json!({"project_id": project["id"], "title": format!("Noise {number}")});
                loop {
                    let answer = noisy.api.post("/tasks", body.clone()).await;
                    assert!(matches!(answer.status, 201 | 503), "{}", answer.text);
                }
            })
        })
        .collect();
    let mut refused = 0;
    for number in 0..20 {
        let body = json!({"project_id": quiet_project["id"], "title": format!("Signal {number}")});
        refused += usize::from(quiet.api.post("/tasks", body).await.status == 503);
    }
    // A place among 33 would have been refused nearly always; a disk that stalls may cost one or two.
    assert!(refused <= 2, "{refused} of 20 were refused");
    for request in flood {
        assert!(!request.is_finished());
        request.abort();
    }
}

async fn slow_clients_hold_nothing_but_a_socket(deployment: Deployment) {
    let server = narrow_server(deployment).await;
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    let address = server.root().strip_prefix("http://").unwrap().to_owned();
    let head = format!(
        "POST /api/v1/tasks HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         idempotency-key: slow\r\ncontent-length: 1000\r\n\r\n{{",
        owner.api.token()
    );
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut socket = TcpStream::connect(&address).await.unwrap();
        socket.write_all(head.as_bytes()).await.unwrap();
        slow.push(socket);
    }
    // Others are half-way through the head of their request.
    for _ in 0..50 {
        let mut socket = TcpStream::connect(&address).await.unwrap();
        socket.write_all(&head.as_bytes()[..40]).await.unwrap();
        slow.push(socket);
    }
    for number in 0..10 {
        for socket in &mut slow {
            // On a slow machine the server is done with it already.
            drop(socket.write_all(b" ").await);
        }
        create(&owner, &project, &format!("Meanwhile {number}")).await.expect(201);
        owner.api.get("/users/me").await.expect(200);
    }
    // In the end they are told.
    let mut socket = slow.swap_remove(0);
    let mut answer = [0; 12];
    let read = tokio::time::timeout(Duration::from_secs(60), socket.read_exact(&mut answer)).await;
    assert!(read.is_ok(), "a client that sends next to nothing is still waited for");
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 408");
}
