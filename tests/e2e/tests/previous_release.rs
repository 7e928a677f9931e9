//! The previous release runs on this one's schema, alone and beside this one, so that an upgrade needs no downtime and
//! can be taken back. Which release that is says `release/previous`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::time::Duration;

use serde_json::{Value, json};
use tenon_e2e_tests::{Deployment, Options, Person, Server, eventually_within, previous_release, text};

const STOP_LIMIT: Duration = Duration::from_secs(30);

/// Settings that came after the previous release, which refuses what it does not know.
const NEW_SETTINGS: [&str; 2] = ["TENON_ADMISSION", "TENON_DRAIN_SECONDS"];

async fn start_previous(deployment: Deployment) -> Server {
    let options = Options::default().with_binaries(previous_release());
    Server::start(deployment, NEW_SETTINGS.into_iter().fold(options, Options::without)).await
}

/// This release, with the settings of the other.
async fn start_current_beside(previous: &Server) -> Server {
    previous.beside(Options::default().with("TENON_DRAIN_SECONDS", 0)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_embedded_deployment_is_upgraded_and_taken_back() {
    let previous = start_previous(Deployment::Embedded).await;
    let team = Team::found(&previous).await;
    team.walk(&previous, &previous).await;
    assert!(previous.terminate_api(STOP_LIMIT));
    let current = start_current_beside(&previous).await;
    team.walk(&current, &current).await;
    assert!(current.terminate_api(STOP_LIMIT));
    previous.start_api().await;
    team.walk(&previous, &previous).await;
    assert!(previous.terminate_api(STOP_LIMIT));
    take_back_the_schema(&previous);
    previous.start_api().await;
    team.walk(&previous, &previous).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_upgrade_on_postgres_mixes_both_releases() {
    rolling_upgrade(Deployment::PostgresRedis).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_upgrade_on_mysql_mixes_both_releases() {
    rolling_upgrade(Deployment::MysqlRedis).await;
}

async fn rolling_upgrade(deployment: Deployment) {
    let previous = start_previous(deployment).await;
    let team = Team::found(&previous).await;
    team.walk(&previous, &previous).await;

    // While it serves, as the runbook says.
    let (done, output) = previous.tenon(&["migrate", "up"]);
    assert!(done && output.contains("applied now"), "{output}");
    team.walk(&previous, &previous).await;

    // Both at once: what one writes, the other reads, changes and announces.
    let current = start_current_beside(&previous).await;
    team.walk(&previous, &current).await;
    team.walk(&current, &previous).await;
    // Events and jobs of each, handled by the worker of the other.
    previous.kill_worker();
    team.walk(&previous, &previous).await;
    previous.start_worker();
    current.kill_worker();
    team.walk(&current, &current).await;

    // The doctor reminds of what the upgrade takes at its end.
    let (healthy, report) = current.tenon(&["doctor"]);
    let is_unfinished = deployment == Deployment::PostgresRedis;
    assert_eq!((healthy, report.contains("tenon migrate finish")), (!is_unfinished, is_unfinished), "{report}");

    // Taken back: with the new schema first, then without.
    assert!(current.terminate_api(STOP_LIMIT));
    team.walk(&previous, &previous).await;
    assert!(previous.terminate_api(STOP_LIMIT) && previous.terminate_worker(STOP_LIMIT));
    take_back_the_schema(&previous);
    previous.start_worker();
    previous.start_api().await;
    team.walk(&previous, &previous).await;
}

/// Reverts, with this release, the migrations that the previous one does not have.
fn take_back_the_schema(server: &Server) {
    let status = |options: Options| {
        let nowhere = tempfile::tempdir().unwrap();
        let options = options.with("TENON_DATABASE_URL", format!("sqlite://{}/none.db", nowhere.path().display()));
        let (done, output) = server.tenon_with(&["migrate", "status"], options);
        assert!(done, "{output}");
        output.lines().filter(|line| line.ends_with("pending")).count()
    };
    let (known, before) = (status(Options::default()), status(Options::default().with_binaries(previous_release())));
    assert!(known >= before && before > 0, "{before} migrations were known before, and {known} now");
    if known > before {
        let steps = (known - before).to_string();
        let (done, output) = server.tenon(&["migrate", "down", "--steps", &steps]);
        assert!(done, "{output}");
        assert_eq!(output.matches("reverted now").count(), known - before, "{output}");
    }
}

/// Somebody who gives somebody else tasks.
struct Team {
    owner: Person,
    member: Person,
    project: Value,
}

impl Team {
    async fn found(server: &Server) -> Self {
        let owner = Person::found(server).await;
        let member = owner.invite("Mia Member", "member").await;
        let project = owner.project("ENG").await;
        Self { owner, member, project }
    }

    /// A task from its creation on one server to its end on the other, with all that follows from it.
    async fn walk(&self, here: &Server, there: &Server) {
        let on = |server: &Server, person: &Person| Person {
            api: server.api().with_token(person.api.token()),
            ..person.clone()
        };
        let (owner, member) = (on(here, &self.owner), on(there, &self.member));
        let task = owner.task_with(&self.project, "Fix the door", json!({"assignee_ids": [member.id]})).await;
        let id = text(&task, "id");
        self.follow(&owner, &member, &id, &["task.created"]).await;
        let body = json!({"status": "in_progress"});
        member.api.post(format!("/tasks/{id}/transition"), body).await.expect(200);
        let read = owner.api.get(format!("/tasks/{id}")).await.expect(200);
        assert_eq!(read["status"], "in_progress", "{read}");
        assert!(member.all("/tasks?status=in_progress").await.iter().any(|task| text(task, "id") == id));
        self.follow(&owner, &member, &id, &["task.created", "task.status_changed"]).await;
        // Everything that is written together with a new account is, too.
        let new = Person::found(here).await;
        on(there, &new).api.get("/users/me").await.expect(200);
    }

    /// Waits for the audit entries of a task, and for the notification of its assignee; there is one of each.
    async fn follow(&self, owner: &Person, member: &Person, task: &str, actions: &[&str]) {
        let effects = async || {
            let entries = owner.all(&format!("/audit-logs?resource_id={task}")).await;
            let mut entries: Vec<_> = entries.iter().map(|entry| text(entry, "action")).collect();
            entries.sort();
            let told = member.all("/notifications").await;
            let told = told.iter().filter(|it| it["resource"]["id"] == task).map(|it| text(it, "type"));
            (entries, told.collect::<Vec<_>>())
        };
        // Longer than it takes to hand out again what a worker that was killed had in its hands.
        let limit = Duration::from_secs(200);
        let (entries, told) = eventually_within(limit, "the effects of a task", || async {
            let (entries, told) = effects().await;
            (entries.len() >= actions.len() && !told.is_empty()).then_some((entries, told))
        })
        .await;
        assert_eq!(entries, actions, "one entry for each");
        assert_eq!(told, ["task.assigned"], "one notification");
    }
}
