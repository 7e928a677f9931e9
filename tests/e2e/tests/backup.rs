//! `tenon backup` and `tenon restore`: taken while everybody writes, restored elsewhere, and complete.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests fail by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tenon_e2e_tests::{Deployment, Options, PASSWORD, Person, Server, eventually, text};

/// Embedded as it is when nothing is configured: with a secret of its own making.
async fn start(options: Options) -> Server {
    Server::start(Deployment::Embedded, options.without("TENON_JWT_SECRET")).await
}

/// Runs `tenon` on another data directory, and expects it to succeed.
fn tenon_in(server: &Server, data_dir: &Path, arguments: &[&str]) -> String {
    let (done, output) = server.tenon_with(arguments, Options::default().with("TENON_DATA_DIR", data_dir.display()));
    assert!(done, "tenon {arguments:?}: {output}");
    output
}

/// Runs `tenon` on another data directory, and expects it to be refused in these words.
fn refused_in(server: &Server, data_dir: &Path, arguments: &[&str], words: &str) {
    let (done, output) = server.tenon_with(arguments, Options::default().with("TENON_DATA_DIR", data_dir.display()));
    assert!(!done, "tenon {arguments:?} went through: {output}");
    assert!(output.contains(words), "no {words:?} in {output}");
}

async fn open(path: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap()
}

async fn count(path: &Path, what: &'static str) -> i64 {
    let mut connection = open(path).await;
    let count = sqlx::query_scalar(what).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    count
}

fn count_by(values: &[Value], id: impl Fn(&Value) -> String) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(id(value)).or_default() += 1;
    }
    counts
}

/// Somebody who was signed in on one server, with the same token on another.
fn on(server: &Server, person: &Person) -> Person {
    Person { api: server.api().with_token(person.api.token()), ..person.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_a_backup_under_load_is_there_after_a_restore() {
    let server = start(Options::default()).await;
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project("ENG").await;

    let acknowledged = Arc::new(Mutex::new(Vec::<String>::new()));
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (owner, project, member) = (owner.clone(), project.clone(), member.id.clone());
            let (acknowledged, stop) = (acknowledged.clone(), stop.clone());
            tokio::spawn(async move {
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let fields = json!({"assignee_ids": [member], "labels": ["kept", "safe"]});
                    let task = owner.task_with(&project, &format!("Task {writer}-{n}"), fields).await;
                    acknowledged.lock().unwrap().push(text(&task, "id"));
                }
            })
        })
        .collect();
    let written = |least: usize| {
        let acknowledged = acknowledged.clone();
        async move {
            eventually("tasks", || async { (acknowledged.lock().unwrap().len() >= least).then_some(()) }).await;
        }
    };
    written(20).await;
    // Whoever holds the queue's write lock keeps events from being handed on: these are certain to be in the backup.
    let mut queue = open(&server.data_dir().join("queue.db")).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut queue).await.unwrap();
    let held_back = acknowledged.lock().unwrap().len();
    written(held_back + 20).await;

    let directory = TempDir::new().unwrap();
    let backup = directory.path().join("backup");
    let before = acknowledged.lock().unwrap().clone();
    let (taker, place) = (server.clone(), backup.display().to_string());
    let (done, output) = tokio::task::spawn_blocking(move || taker.tenon(&["backup", &place])).await.unwrap();
    assert!(done, "{output}");
    let at_the_end = acknowledged.lock().unwrap().len();
    written(at_the_end + 4).await;
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    queue.close().await.unwrap();

    let unhandled = "SELECT count(*) FROM outbox WHERE name = 'task.created' AND due_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM event_receipts WHERE event_id = outbox.id)";
    let waiting = count(&backup.join("tenon.db"), unhandled).await;
    assert!(waiting >= 20, "{waiting} events wait to be handled");
    for name in ["tenon.db", "jwt.secret", "manifest.json"] {
        let mode = fs::metadata(backup.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name} is read by its owner alone");
    }
    assert_eq!(fs::read_dir(&backup).unwrap().count(), 3, "nothing else is left in it");
    server.kill_api();

    let elsewhere = directory.path().join("elsewhere");
    let output = tenon_in(&server, &elsewhere, &["restore", &backup.display().to_string()]);
    assert!(output.contains("restored to"), "{output}");
    tenon_in(&server, &elsewhere, &["backup", "--verify", &backup.display().to_string()]);

    let restored = start(Options::default().with("TENON_DATA_DIR", elsewhere.display())).await;
    let (owner, member) = (on(&restored, &owner), on(&restored, &member));
    owner.api.get("/users/me").await.expect(200);
    restored.api().post("/auth/login", json!({"email": owner.email, "password": PASSWORD})).await.expect(200);
    let tasks = owner.all("/tasks").await;
    let stored: BTreeSet<String> = tasks.iter().map(|task| text(task, "id")).collect();
    assert_eq!(stored.len(), tasks.len());
    for id in &before {
        assert!(stored.contains(id), "{id} was acknowledged before the backup began, and is lost");
    }
    let numbers: BTreeSet<u64> = tasks.iter().map(|task| task["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=tasks.len() as u64).collect(), "a commit is there whole or not at all");
    assert!(tasks.iter().all(|task| task["labels"].as_array().unwrap().len() == 2), "labels belong to the same commit");

    let read = || async {
        let entries = owner.all("/audit-logs?action=task.created").await;
        let mut told = member.all("/notifications").await;
        told.retain(|it| it.to_string().contains("task.assigned"));
        let subject = |it: &Value| {
            let id = if it["resource"].is_object() { &it["resource"]["id"] } else { &it["resource_id"] };
            id.as_str().expect("an id").to_owned()
        };
        (count_by(&entries, subject), count_by(&told, subject))
    };
    eventually("all effects", || async {
        let (entries, told) = read().await;
        (entries.len() >= stored.len() && told.len() >= stored.len()).then_some(())
    })
    .await;
    // What is late would come as a second one.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let once: BTreeMap<String, usize> = stored.iter().map(|id| (id.clone(), 1)).collect();
    let (entries, told) = read().await;
    assert_eq!(entries, once, "exactly one audit entry a task");
    assert_eq!(told, once, "exactly one notification a task");

    let project = owner.api.get("/projects/ENG").await.expect(200);
    let next = owner.task(&project, "After the restore").await;
    assert_eq!(next["number"], tasks.len() as u64 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_good_backup_is_refused_and_nothing_is_overwritten() {
    let server = start(Options::default()).await;
    Person::found(&server).await;
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name);
    let backup = path("backup");
    let named = |path: &Path| path.display().to_string();
    let (done, output) = server.tenon(&["backup", &named(&backup)]);
    assert!(done, "{output}");
    let (done, output) = server.tenon(&["backup", &named(&backup)]);
    assert!(!done && output.contains("overwrites nothing"), "{output}");

    // Damage of every kind, to a copy each.
    let damage = |name: &str, spoil: &dyn Fn(&Path), words: &str| {
        let copy = path(name);
        fs::create_dir(&copy).unwrap();
        for entry in fs::read_dir(&backup).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
        }
        spoil(&copy);
        refused_in(&server, &path("fresh"), &["backup", "--verify", &named(&copy)], words);
        refused_in(&server, &path("fresh"), &["restore", &named(&copy)], words);
        assert!(!path("fresh").join("tenon.db").exists());
    };
    damage(
        "flipped",
        &|copy| {
            let mut bytes = fs::read(copy.join("tenon.db")).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(copy.join("tenon.db"), bytes).unwrap();
        },
        "another checksum",
    );
    damage(
        "truncated",
        &|copy| {
            let bytes = fs::read(copy.join("tenon.db")).unwrap();
            fs::write(copy.join("tenon.db"), &bytes[..bytes.len() - 4096]).unwrap();
        },
        "bytes instead of",
    );
    damage("incomplete", &|copy| fs::remove_file(copy.join("jwt.secret")).unwrap(), "jwt.secret is missing");
    damage("unreadable", &|copy| fs::write(copy.join("manifest.json"), "{").unwrap(), "is damaged (manifest.json");
    damage("foreign", &|copy| fs::remove_file(copy.join("manifest.json")).unwrap(), "is not a backup of Tenon");
    let edit = |copy: &Path, change: &dyn Fn(&mut Value)| {
        let file = copy.join("manifest.json");
        let mut manifest: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        change(&mut manifest);
        fs::write(file, manifest.to_string()).unwrap();
    };
    damage("rows", &|copy| edit(copy, &|it| it["rows"]["users"] = json!(7)), "not the one that the manifest describes");
    damage(
        "future",
        &|copy| edit(copy, &|it| *it = json!({"format": 2, "tenon_version": "9.0.0"})),
        "Tenon 9.0.0 or later",
    );
    damage("outside", &|copy| edit(copy, &|it| it["files"][0]["path"] = json!("../backup/tenon.db")), "outside of it");

    // Not while a server runs, whatever is asked.
    for arguments in [vec!["restore", "--force"], vec!["restore"]] {
        let named = named(&backup);
        let arguments: Vec<_> = arguments.into_iter().chain([named.as_str()]).collect();
        let (done, output) = server.tenon(&arguments);
        assert!(!done && output.contains("is in use: stop the server"), "{output}");
    }
    server.api().get("//health/ready").await.expect(200);

    let elsewhere = Options::default().with("TENON_DATABASE_URL", "postgres://tenon@127.0.0.1:1/tenon");
    let elsewhere = elsewhere.with("TENON_JWT_SECRET", "0123456789012345678901234567890123456789");
    let target = named(&path("never"));
    for arguments in [["backup", &target], ["restore", &named(&backup)]] {
        let (done, output) = server.tenon_with(&arguments, elsewhere.clone());
        assert!(!done && output.contains("PostgreSQL has tools of its own"), "{output}");
    }
    assert!(!path("never").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_by_force_keeps_what_was_there() {
    let server = start(Options::default()).await;
    let early = Person::found(&server).await;
    let directory = TempDir::new().unwrap();
    let backup = directory.path().join("backup").display().to_string();
    let (done, output) = server.tenon(&["backup", &backup]);
    assert!(done, "{output}");
    let late = Person::found(&server).await;
    assert!(server.terminate_api(Duration::from_secs(30)));

    let (done, output) = server.tenon(&["restore", &backup]);
    assert!(!done && output.contains("--force"), "{output}");
    let (done, output) = server.tenon(&["restore", "--force", &backup]);
    assert!(done, "{output}");
    server.start_api().await;
    early.api.get("/users/me").await.expect(200);
    late.api.get("/users/me").await.any_problem(401);

    // What was moved aside is a data directory, whole and with its secret.
    let replaced: Vec<_> = fs::read_dir(server.data_dir())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("replaced-"))
        .collect();
    let [replaced] = replaced.as_slice() else { panic!("{replaced:?}") };
    let before = start(Options::default().with("TENON_DATA_DIR", replaced.display())).await;
    on(&before, &late).api.get("/users/me").await.expect(200);

    // Killed between the first rename and the last, a restore leaves this behind; a server would start empty.
    assert!(server.terminate_api(Duration::from_secs(30)));
    fs::create_dir(server.data_dir().join("restoring")).unwrap();
    fs::remove_file(server.data_dir().join("tenon.db")).unwrap();
    let (done, output) = server.tenon(&["serve"]);
    assert!(!done && output.contains("a restore was interrupted"), "{output}");
    let (done, output) = server.tenon(&["restore", "--force", &backup]);
    assert!(done, "{output}");
    server.start_api().await;
    early.api.get("/users/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_schema_is_run_on_but_neither_reverted_nor_restored() {
    let server = start(Options::default()).await;
    let owner = Person::found(&server).await;
    assert!(server.terminate_api(Duration::from_secs(30)));
    let mut database = open(&server.data_dir().join("tenon.db")).await;
    let later = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_later', 0)";
    sqlx::query(later).execute(&mut database).await.unwrap();
    database.close().await.unwrap();

    server.start_api().await;
    owner.project("ENG").await;
    let (done, output) = server.tenon(&["migrate", "down"]);
    assert!(!done && output.contains("revert it with the release that applied it"), "{output}");
    let directory = TempDir::new().unwrap();
    let backup = directory.path().join("backup").display().to_string();
    let (done, output) = server.tenon(&["backup", &backup]);
    assert!(done, "{output}");
    refused_in(&server, &directory.path().join("fresh"), &["restore", &backup], "newer schema than this version knows");
}
