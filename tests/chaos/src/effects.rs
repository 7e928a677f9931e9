//! What came of the events, task by task, beside what must come of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;
use tenon_e2e_tests::text;

use crate::Cluster;
use crate::ledger::Ledger;
use crate::load::Scene;

/// How often each thing was counted: by the task and the name of what was done to it.
type Counts = BTreeMap<(String, String), usize>;

/// How many characters an id has.
const ID: usize = 36;

#[derive(Debug)]
pub struct Effects {
    entries: Counts,
    notifications: Counts,
    mails: Counts,
}

impl Effects {
    /// What the ledger's changes must have led to: an audit entry each, and for most of them a notification and a mail.
    pub fn expected(ledger: &Ledger) -> Self {
        let (mut entries, mut notifications) = (Counts::new(), Counts::new());
        for entry in ledger.tasks.values() {
            for (event, times) in &entry.events {
                entries.insert((entry.id.clone(), (*event).to_owned()), *times);
                let notification = match *event {
                    "task.created" => "task.assigned",
                    "task.status_changed" => "task.status_changed",
                    _ => continue,
                };
                notifications.insert((entry.id.clone(), notification.to_owned()), *times);
            }
        }
        let mails = notifications.clone();
        Self { entries, notifications, mails }
    }

    pub async fn read(cluster: &Cluster, scene: &Scene) -> Self {
        let entries = scene.owner.all("/audit-logs?resource_type=task").await;
        let notifications = scene.assignee.all("/notifications").await;
        let notifications: Vec<_> = notifications.into_iter().filter(|it| it["resource"]["type"] == "task").collect();
        Self {
            entries: count(&entries, "action"),
            notifications: count(&notifications, "type"),
            mails: mails(cluster, scene),
        }
    }

    /// Whether some are still to come.
    pub fn are_fewer_than(&self, expected: &Self) -> bool {
        total(&self.entries) < total(&expected.entries)
            || total(&self.notifications) < total(&expected.notifications)
            || total(&self.mails) < total(&expected.mails)
    }

    /// All that there is too little or too much of.
    pub fn differences(&self, expected: &Self) -> Vec<String> {
        let entries = differences("audit entries", &self.entries, &expected.entries);
        let notifications = differences("notifications", &self.notifications, &expected.notifications);
        let mails = differences("mails", &self.mails, &expected.mails);
        [entries, notifications, mails].concat()
    }
}

fn count(values: &[Value], name: &str) -> Counts {
    let mut counts = Counts::new();
    for value in values {
        *counts.entry((text(&value["resource"], "id"), text(value, name))).or_default() += 1;
    }
    counts
}

/// Each mail is a file named after its message id, and replaces the one that had the same: sending again after a crash
/// is no fault (ADR 5), saying the same thing in two messages is.
fn mails(cluster: &Cluster, scene: &Scene) -> Counts {
    let mut counts = Counts::new();
    let Ok(files) = fs::read_dir(cluster.data_dir().join("mail")) else { return counts };
    // Those of other scenes need not be read.
    let files = files.flatten().filter(|file| {
        let written = file.metadata().and_then(|metadata| metadata.modified());
        written.is_ok_and(|at| at >= scene.founded)
    });
    let paths = files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|it| it == "eml"));
    for mail in paths.filter_map(|path| fs::read_to_string(path).ok()) {
        // The line breaks of quoted-printable.
        let mail = mail.replace("=\r\n", "").replace("=\n", "");
        if !mail.contains(&scene.assignee.email) {
            continue;
        }
        let Some((_, task)) = mail.split_once("/tasks/") else { continue };
        let kind = if mail.contains("assigned you") { "task.assigned" } else { "task.status_changed" };
        *counts.entry((task.chars().take(ID).collect(), kind.to_owned())).or_default() += 1;
    }
    counts
}

fn total(counts: &Counts) -> usize {
    counts.values().sum()
}

fn differences(what: &str, found: &Counts, expected: &Counts) -> Vec<String> {
    let all: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    let mut differences = Vec::new();
    for key in all {
        let (wanted, got) = (expected.get(key).unwrap_or(&0), found.get(key).unwrap_or(&0));
        if wanted != got {
            differences.push(format!("{got} {what} of {} for {} instead of {wanted}", key.1, key.0));
        }
    }
    differences
}
