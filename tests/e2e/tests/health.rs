//! `/health`, `/metrics` and how processes start and stop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::time::Duration;

use serde_json::Value;
use tenon_e2e_tests::{Api, Deployment, JWT_SECRET, Options, Person, Server, eventually, on_every_deployment};

on_every_deployment!(health_is_reported, the_worker_reports_its_health, metrics_are_exposed, logs_are_json_lines);

async fn health_is_reported(server: Server) {
    reports_its_health(&server.api()).await;
}

async fn the_worker_reports_its_health(server: Server) {
    let worker = server.worker_api();
    eventually("a worker that answers", || async { worker.get("//health").attempt().await.ok() }).await;
    reports_its_health(&worker).await;
}

async fn reports_its_health(api: &Api) {
    api.get("//health").await.expect(200);
    api.get("//health/ready").await.expect(200);
    let detailed = api.get("//health/detailed").await;
    let report = detailed.expect(200);
    let components = report["components"].as_array().cloned().unwrap_or_else(|| {
        report["components"].as_object().map(|map| map.values().cloned().collect()).unwrap_or_default()
    });
    assert!(!components.is_empty(), "{report}");
    for secret in [JWT_SECRET, "tenon_e2e:tenon_e2e", "postgres://", "mysql://"] {
        assert!(!detailed.text.contains(secret), "{report}");
    }
}

async fn metrics_are_exposed(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    owner.task(&project, "Counted").await;
    let id = project["id"].as_str().unwrap();
    let of_requests = [
        "http_requests_total",
        "http_request_duration_seconds",
        "database_query_duration_seconds",
        "database_pool_connections",
        "cache_requests_total",
    ];
    let of_jobs = ["queue_jobs_total", "queue_job_duration_seconds", "outbox_pending", "outbox_lag_seconds"];
    for (api, wanted) in [(server.api(), of_requests.as_slice()), (server.worker_api(), of_jobs.as_slice())] {
        let metrics = eventually("all metrics", || async {
            let answer = api.get("//metrics").attempt().await.ok().filter(|answer| answer.status == 200)?;
            wanted.iter().all(|name| answer.text.contains(name)).then_some(answer.text)
        })
        .await;
        assert!(!metrics.contains(id), "labels must be bounded");
    }
}

async fn logs_are_json_lines(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    let line = eventually("a line about the project's creation", || async {
        let log = server.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut lines = lines.filter(|line| line["operation"] == "project.create");
        lines.find(|line| line["organization_id"] == owner.organization_id.as_str())
    })
    .await;
    assert_eq!(line["user_id"], owner.id.as_str(), "{line}");
    assert_eq!(line["success"], true, "{line}");
    assert!(line["timestamp"].is_string() && line["level"].is_string() && line["request_id"].is_string(), "{line}");
    assert!(line["duration_ms"].is_number(), "{line}");
    assert!(!server.log().contains(project["name"].as_str().unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_embedded_server_stops_in_order_and_comes_back() {
    let server = Server::start(Deployment::Embedded, Options::default()).await;
    let owner = Person::found(&server).await;
    owner.project("ENG").await;
    assert!(server.terminate_api(Duration::from_secs(20)), "SIGTERM must end in success");
    server.start_api().await;
    // The token was signed with the same secret, and its session is stored.
    owner.api.get("/projects/ENG").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn separate_processes_stop_in_order() {
    let server = Server::start(Deployment::PostgresRedis, Options::default()).await;
    Person::found(&server).await;
    assert!(server.terminate_worker(Duration::from_secs(20)), "SIGTERM must end in success");
    assert!(server.terminate_api(Duration::from_secs(20)), "SIGTERM must end in success");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_finds_a_healthy_deployment() {
    for deployment in Deployment::ALL {
        let server = Server::start(deployment, Options::default()).await;
        let (healthy, report) = server.tenon(&["doctor"]);
        assert!(healthy, "{report}");
        assert!(!report.contains(JWT_SECRET), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pending_migration_stops_the_start() {
    let server = Server::start(Deployment::PostgresRedis, Options::default()).await;
    let (done, output) = server.tenon(&["migrate", "status"]);
    assert!(done, "{output}");
    server.kill_api();
    let (done, output) = server.tenon(&["migrate", "down"]);
    assert!(done, "{output}");
    let (started, output) = server.tenon(&["serve"]);
    assert!(!started && output.contains("tenon migrate up"), "{output}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_configuration_is_named_all_at_once() {
    let server = Server::start(Deployment::Embedded, Options::default()).await;
    server.kill_api();
    let options =
        Options::default().with("TENON_BIND", "nowhere").with("TENON_TENANCY", "some").with("TENON_BNID", "1");
    let (started, output) = server.tenon_with(&["serve"], options);
    assert!(!started, "{output}");
    for variable in ["TENON_BIND", "TENON_TENANCY", "TENON_BNID"] {
        assert!(output.contains(variable), "{output}");
    }
}
