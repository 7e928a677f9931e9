use std::cell::RefCell;

use metrics::Counter;

/// What is cached, by the beginning of its key: a bounded label.
const KINDS: &[&str] = &[
    "session",
    "role",
    "custom-role",
    "task",
    "task-key",
    "project-access",
    "project-member",
    "team-projects",
    "recent-write",
];
const OTHER: &str = "other";

type Labels = (&'static str, &'static str, &'static str);

thread_local! {
    /// Finding a series by its labels costs more than the lookup that it counts: every thread does it once.
    static LOOKUPS: RefCell<Vec<(Labels, Counter)>> = const { RefCell::new(Vec::new()) };
}

/// Counts a lookup. `tier` says which cache answered, or was the last to be asked.
pub(super) fn count(key: &str, tier: &'static str, outcome: &'static str) {
    let labels = (tier, outcome, kind(key));
    LOOKUPS.with_borrow_mut(|lookups| {
        if let Some((_, counter)) = lookups.iter().find(|(known, _)| *known == labels) {
            counter.increment(1);
            return;
        }
        let (tier, outcome, kind) = labels;
        let counter = metrics::counter!("cache_requests_total", "tier" => tier, "outcome" => outcome, "kind" => kind);
        counter.increment(1);
        lookups.push((labels, counter));
    });
}

fn kind(key: &str) -> &'static str {
    let beginning = key.split_once(':').map_or(key, |(beginning, _)| beginning);
    KINDS.iter().copied().find(|known| *known == beginning).unwrap_or(OTHER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_bounded() {
        assert_eq!(kind("task:1:2"), "task");
        assert_eq!(kind("task-key:1:ENG-1"), "task-key");
        assert_eq!(kind("whatever:1"), "other");
    }
}
