//! One client: what it does, how it insists, and what it notes.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tenon_e2e_tests::{Answer, Api, text};
use tokio::sync::watch;
use tokio::time::sleep;

use super::Scene;
use crate::ledger::{Entry, Ledger, Timed};

/// A client gives a call up after this long. The server must have answered before, unless it is frozen itself.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long a call whose outcome is unknown is repeated.
const RESOLVED_WITHIN: Duration = Duration::from_secs(40);
/// What a client waits after a call that failed.
const PAUSE: Duration = Duration::from_millis(50);
const STATUSES: [&str; 2] = ["todo", "in_progress"];

pub(super) struct Client {
    name: String,
    apis: Vec<Api>,
    next: usize,
    project: String,
    assignee: String,
    random: StdRng,
    run: String,
    operations: usize,
    ledger: Ledger,
}

/// What a client wants done.
struct Order {
    method: &'static str,
    path: String,
    body: Value,
}

/// How something that was done was answered.
enum Outcome {
    Answered(Value),
    AnswerLost,
}

impl Client {
    /// The `n`-th client. It begins at the `n`-th API, and goes to the next one whenever a call fails.
    pub(super) fn new(n: usize, roots: &[String], scene: &Scene, seed: u64) -> Self {
        let api = scene.owner.api.with_limit(PATIENCE);
        Self {
            name: format!("client {n}"),
            apis: roots.iter().map(|root| api.at(root)).collect(),
            next: n,
            project: text(&scene.project, "id"),
            assignee: scene.assignee.id.clone(),
            random: StdRng::seed_from_u64(seed.wrapping_mul(1000).wrapping_add(n as u64)),
            run: uuid::Uuid::now_v7().simple().to_string(),
            operations: 0,
            ledger: Ledger::default(),
        }
    }

    pub(super) async fn write(mut self, stop: watch::Receiver<bool>) -> Ledger {
        while !*stop.borrow() {
            self.operations += 1;
            let draw = self.random.random_range(0..100);
            if draw < 50 || self.ledger.tasks.is_empty() {
                self.create().await;
            } else if draw < 75 {
                self.rename().await;
            } else {
                self.transition().await;
            }
        }
        self.ledger
    }

    pub(super) async fn read(mut self, stop: watch::Receiver<bool>) -> Ledger {
        while !*stop.borrow() {
            let path = format!("/projects/{}/tasks?limit=20", self.project);
            let sent = Instant::now();
            let answer = self.api().get(path).attempt().await;
            self.time(sent);
            self.ledger.reads += 1;
            match answer {
                Ok(answer) if answer.status == 200 => {}
                answer => {
                    self.ledger.failed_reads += 1;
                    if let Ok(answer) = answer {
                        self.judge(&answer);
                    }
                    self.next += 1;
                }
            }
            sleep(Duration::from_millis(10)).await;
        }
        self.ledger
    }

    async fn create(&mut self) {
        let mark = format!("{} {} {}", self.run, self.name, self.operations);
        let title = format!("Task {}", self.operations);
        let body = json!({
            "project_id": self.project, "title": title, "description": mark, "assignee_ids": [self.assignee],
        });
        let Some(task) = self.done(Order { method: "POST", path: "/tasks".to_owned(), body }).await else { return };
        let task = match task {
            Outcome::Answered(task) => task,
            // Carried out, but the answer was lost: it has to be there.
            Outcome::AnswerLost => match self.find(&mark).await {
                Some(task) => task,
                None => return self.fault(format!("{mark}: carried out, it says, and is not there")),
            },
        };
        if task["description"] != mark.as_str() || task["title"] != title.as_str() {
            self.fault(format!("{mark}: answered with {task}"));
        }
        let entry = Entry {
            id: text(&task, "id"),
            number: task["number"].as_i64().unwrap_or_default(),
            title,
            status: text(&task, "status"),
            assignee: self.assignee.clone(),
            events: [("task.created", 1)].into(),
        };
        self.ledger.tasks.insert(mark, entry);
    }

    async fn rename(&mut self) {
        let (mark, id) = self.some_task();
        let title = format!("Renamed {}", self.operations);
        let order = Order { method: "PATCH", path: format!("/tasks/{id}"), body: json!({"title": title}) };
        if self.done(order).await.is_some() {
            let entry = self.ledger.tasks.get_mut(&mark).unwrap();
            entry.title = title;
            *entry.events.entry("task.updated").or_default() += 1;
        }
    }

    async fn transition(&mut self) {
        let (mark, id) = self.some_task();
        let now = &self.ledger.tasks[&mark].status;
        let status = STATUSES[usize::from(now == STATUSES[0])];
        let path = format!("/tasks/{id}/transition");
        if self.done(Order { method: "POST", path, body: json!({"status": status}) }).await.is_some() {
            let entry = self.ledger.tasks.get_mut(&mark).unwrap();
            entry.status = status.to_owned();
            *entry.events.entry("task.status_changed").or_default() += 1;
        }
    }

    fn some_task(&mut self) -> (String, String) {
        let nth = self.random.random_range(0..self.ledger.tasks.len());
        let (mark, entry) = self.ledger.tasks.iter().nth(nth).unwrap();
        (mark.clone(), entry.id.clone())
    }

    /// Has it done, whatever it takes: what has no answer is repeated, with the same key, on the next API.
    async fn done(&mut self, order: Order) -> Option<Outcome> {
        let key = uuid::Uuid::now_v7().to_string();
        let begun = Instant::now();
        let mut last = String::new();
        while begun.elapsed() < RESOLVED_WITHIN {
            let call = match order.method {
                "PATCH" => self.api().patch(&order.path, order.body.clone()),
                _ => self.api().post(&order.path, order.body.clone()).header("idempotency-key", &key),
            };
            let sent = Instant::now();
            let answer = call.attempt().await;
            self.time(sent);
            match answer {
                Ok(answer) if (200..300).contains(&answer.status) => {
                    self.ledger.acknowledged += 1;
                    return Some(Outcome::Answered(answer.json()));
                }
                Ok(answer) => {
                    let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
                    last = format!("{} {}", answer.status, answer.text);
                    match (answer.status, code.as_str()) {
                        (409, "idempotency.answer_lost") => return Some(Outcome::AnswerLost),
                        // Somebody else, or this client itself a moment ago, is still at it.
                        (409, _) => {}
                        _ => self.judge(&answer),
                    }
                }
                Err(error) => {
                    self.ledger.unknown += 1;
                    last = error.to_string();
                }
            }
            self.next += 1;
            sleep(PAUSE).await;
        }
        self.fault(format!("{} {} is still open after {RESOLVED_WITHIN:?}: {last}", order.method, order.path));
        None
    }

    /// A refusal may be nothing but a proper 503.
    fn judge(&mut self, answer: &Answer) {
        let json = answer.header("content-type").is_some_and(|it| it.starts_with("application/problem+json"));
        if answer.status == 503 && json && answer.json()["status"] == 503 {
            self.ledger.unavailable += 1;
        } else {
            self.fault(format!("answered {} {}", answer.status, answer.text));
        }
    }

    /// The task with this mark, by whoever can be asked.
    async fn find(&mut self, mark: &str) -> Option<Value> {
        let begun = Instant::now();
        let mut cursor = String::new();
        while begun.elapsed() < RESOLVED_WITHIN {
            let path = format!("/projects/{}/tasks?limit=200{cursor}", self.project);
            match self.api().get(path).attempt().await {
                Ok(page) if page.status == 200 => {
                    let page = page.json();
                    if let Some(task) = page["data"].as_array()?.iter().find(|task| task["description"] == mark) {
                        return Some(task.clone());
                    }
                    cursor = format!("&cursor={}", page["next_cursor"].as_str()?);
                }
                _ => {
                    self.next += 1;
                    sleep(PAUSE).await;
                }
            }
        }
        None
    }

    fn api(&self) -> &Api {
        &self.apis[self.next % self.apis.len()]
    }

    fn time(&mut self, sent: Instant) {
        self.ledger.calls.push(Timed { sent, took: sent.elapsed() });
    }

    fn fault(&mut self, fault: String) {
        let name = self.name.clone();
        self.ledger.faults.push(format!("{name}: {fault}"));
    }
}
