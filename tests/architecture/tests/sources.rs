//! Files are small and named after ideas; one word finds everything about a context.

use tenon_architecture_tests::{Workspace, sources};

const CRATES: &[&str] = &["domain", "application", "infrastructure", "interface", "worker", "bootstrap"];
const CONTEXTS: &[&str] = &["identity", "organizations", "projects", "tasks", "notifications", "audit"];
/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "support", "manager", "misc"];
/// With unit tests.
const MAX_LINES: usize = 400;
/// Without unit tests.
const TARGET_LINES: usize = 250;
/// What is over the target. This list only ever gets shorter.
const OVER_TARGET: &[&str] = &[
    "application/src/events/data.rs",
    "domain/src/tasks/task.rs",
    "infrastructure/src/persistence/tasks/repository.rs",
    "interface/src/http/problem.rs",
    "interface/src/http/tasks/dto.rs",
];

#[test]
fn files_are_small() {
    let root = Workspace::read().root().join("crates");
    let mut faults = Vec::new();
    for name in CRATES {
        for source in sources(&root.join(name).join("src")) {
            let path = source.path.strip_prefix(&root).unwrap_or(&source.path).display().to_string();
            let (all, own) = (source.text.lines().count(), source.lines_without_tests());
            if all > MAX_LINES {
                faults.push(format!("{path} has {all} lines: split it by idea"));
            } else if own > TARGET_LINES && !OVER_TARGET.contains(&path.as_str()) {
                faults.push(format!("{path} has {own} lines without its tests: split it by idea"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn modules_are_named_after_ideas() {
    let root = Workspace::read().root();
    for directory in ["crates", "migrations", "tests"] {
        for source in sources(&root.join(directory)) {
            let path = source.path.strip_prefix(&root).unwrap_or(&source.path);
            for part in path.components() {
                let part = part.as_os_str().to_string_lossy();
                let name = part.strip_suffix(".rs").unwrap_or(&part);
                assert!(!EMPTY_NAMES.contains(&name), "{} says nothing: name the concept", path.display());
            }
        }
    }
}

#[test]
fn one_word_finds_a_context_in_every_crate() {
    let crates = Workspace::read().root().join("crates");
    for place in ["domain/src", "application/src", "infrastructure/src/persistence", "interface/src/http"] {
        for context in CONTEXTS {
            let module = crates.join(place).join(context);
            let found = module.with_extension("rs").is_file() || module.join("mod.rs").is_file();
            assert!(found, "{place} has no module {context}");
        }
    }
}
