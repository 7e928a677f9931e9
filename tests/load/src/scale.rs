//! How latencies grow with the number of tasks, and with the depth of a page.

use serde::Serialize;

use crate::Outcome;
use crate::closed_loop;
use crate::deployment::Deployment;
use crate::fill::OWNER;
use crate::measurement::Measurement;
use crate::requests::{Load, Request};
use crate::run::Bench;
use crate::scenario::Scenario;
use crate::statistics::ratio;

const PAGE: u64 = 50;
/// The most that one page may hold, to walk quickly.
const STRIDE: u64 = 200;
const DEEP_PAGE: u64 = 10_000;
/// As many pages near the deep one are asked for: the rows of a single one would always be at hand.
const DEEP_PAGES: u64 = 50;
/// How much longer everything may take with ten times as many tasks, and deep pages than the first.
const WANTED: f64 = 1.3;

/// What was found at one size.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Size {
    pub(crate) deployment: Deployment,
    pub(crate) tasks: u64,
    pub(crate) scenarios: Vec<(String, Measurement)>,
    /// Of page 1, and of the deep one with its number.
    pub(crate) first_page: Measurement,
    pub(crate) deep_page: Measurement,
    pub(crate) depth: u64,
}

impl Size {
    /// What is compared from size to size.
    fn all(&self) -> impl Iterator<Item = (&str, &Measurement)> {
        let scenarios = self.scenarios.iter().map(|(name, measurement)| (name.as_str(), measurement));
        scenarios.chain([("page 1", &self.first_page)])
    }

    fn measured(&self, what: &str) -> Option<&Measurement> {
        self.all().find(|(name, _)| *name == what).map(|(_, measurement)| measurement)
    }
}

/// Measures the scenarios, and pages, at the size the bench was filled to.
pub(crate) async fn measure(bench: &Bench<'_>, scenarios: &[Scenario]) -> Outcome<Size> {
    let mut found = Vec::new();
    for scenario in scenarios {
        let measurement = closed_loop::measure(bench, *scenario).await?.tenon;
        eprintln!("  {}: p50 {:.2} ms, p95 {:.2} ms", scenario.name(), measurement.p50_ms, measurement.p95_ms);
        found.push((scenario.name(), measurement));
    }
    let depth = DEEP_PAGE.min(bench.cli.tasks / PAGE).max(2);
    let token = bench.api.sign_in(OWNER).await?;
    let page = |after: &str| Request::get(format!("/api/v1/tasks?limit={PAGE}{after}")).by(&token);
    let first = Load::random(vec![page("")]);
    let cursors = cursors_before(bench, &token, depth).await?;
    let deep = Load::random(cursors.iter().map(|cursor| page(&format!("&cursor={cursor}"))).collect());
    let (mut at_first, mut at_depth) = (Vec::new(), Vec::new());
    for _ in 0..bench.cli.rounds {
        at_first.push(bench.drive(&bench.server, &first, bench.duration()).await?);
        at_depth.push(bench.drive(&bench.server, &deep, bench.duration()).await?);
    }
    let (first_page, deep_page) = (Measurement::median(&at_first), Measurement::median(&at_depth));
    eprintln!("  page 1: p50 {:.2} ms, page {depth}: p50 {:.2} ms", first_page.p50_ms, deep_page.p50_ms);
    let deployment = bench.setup.place.deployment;
    Ok(Size { deployment, tasks: bench.cli.tasks, scenarios: found, first_page, deep_page, depth })
}

/// The cursors of the last pages up to this one, as a client has them who has turned so many. A cursor belongs to a
/// list, whatever the size of its pages: so the way there is walked in strides.
async fn cursors_before(bench: &Bench<'_>, token: &str, page: u64) -> Outcome<Vec<String>> {
    let nearest = page.saturating_sub(DEEP_PAGES - 1).max(2);
    let (near, end) = ((nearest - 1) * PAGE, (page - 1) * PAGE);
    let (mut cursors, mut cursor, mut walked) = (Vec::new(), String::new(), 0);
    while walked < end {
        let limit = if walked < near { STRIDE.min(near - walked) } else { PAGE };
        let after = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
        let answer = bench.api.send(&Request::get(format!("/api/v1/tasks?limit={limit}{after}")).by(token)).await?;
        cursor = answer["next_cursor"].as_str().ok_or("the list ended before that page")?.to_owned();
        walked += limit;
        if walked >= near {
            cursors.push(cursor.clone());
        }
    }
    Ok(cursors)
}

/// How much longer the same takes elsewhere, at the median and the 95th percentile.
struct Growth {
    p50: f64,
    p95: f64,
    allowed: f64,
    clean: bool,
}

impl Growth {
    /// From one measurement to another with so many times as many tasks; `None` when nothing was measured.
    fn between(from: &Measurement, to: &Measurement, times: f64) -> Option<Self> {
        let (p50, p95) = (ratio(to.p50_ms, from.p50_ms)?, ratio(to.p95_ms, from.p95_ms)?);
        Some(Self { p50, p95, allowed: WANTED.powf(times.log10()), clean: from.error_count() == 0 })
    }

    fn is_small(&self) -> bool {
        self.clean && self.p50 <= self.allowed && self.p95 <= self.allowed
    }
}

/// As Markdown: each scenario's latency by size, to that of the size before and to that of the smallest.
pub(crate) fn table(sizes: &[Size]) -> String {
    let head =
        ["On", "Scenario", "Tasks", "p50 ms", "p95 ms", "Errors", "p50, p95 to the size before", "to the smallest"];
    let mut text = format!("| {} | ≤ {WANTED} × for 10 × |\n{}|\n", head.join(" | "), "|---".repeat(head.len() + 1));
    for (position, size) in sizes.iter().enumerate() {
        let alike = |other: &&Size| other.deployment == size.deployment && other.tasks != size.tasks;
        let before = position.checked_sub(1).map(|before| &sizes[before]).filter(alike);
        let smallest = sizes.iter().filter(alike).min_by_key(|other| other.tasks).filter(|it| it.tasks < size.tasks);
        let from = |other: Option<&Size>, what: &str, to: &Measurement| {
            let other = other?;
            Growth::between(other.measured(what)?, to, size.tasks as f64 / other.tasks as f64)
        };
        for (what, at) in size.all() {
            text.push_str(&line(size, what, at, [from(before, what, at), from(smallest, what, at)]));
        }
        let deep = format!("page {} (to page 1)", size.depth);
        let to_first = Growth::between(&size.first_page, &size.deep_page, 10.0);
        text.push_str(&line(size, &deep, &size.deep_page, [to_first, None]));
    }
    text
}

fn line(size: &Size, what: &str, at: &Measurement, growths: [Option<Growth>; 2]) -> String {
    let small = growths.iter().flatten().all(Growth::is_small) && at.error_count() == 0;
    let verdict = match (small, growths.iter().flatten().count()) {
        (true, 0) => "–",
        (true, _) => "met",
        (false, _) => "not met",
    };
    let told = growths.map(|it| it.map_or("–".to_owned(), |it| format!("{:.2} ×, {:.2} ×", it.p50, it.p95)));
    let (on, tasks, p50, p95, errors) = (size.deployment.name(), size.tasks, at.p50_ms, at.p95_ms, at.error_count());
    let [before, smallest] = told;
    format!("| {on} | {what} | {tasks} | {p50:.2} | {p95:.2} | {errors} | {before} | {smallest} | {verdict} |\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(p50: f64) -> Measurement {
        Measurement { p50_ms: p50, p95_ms: p50 * 2.0, ..Measurement::default() }
    }

    fn size(tasks: u64, p50: f64) -> Size {
        Size {
            deployment: Deployment::Sqlite,
            tasks,
            scenarios: vec![("get-task".to_owned(), at(p50))],
            first_page: at(p50),
            deep_page: at(p50 * 2.0),
            depth: 200,
        }
    }

    #[test]
    fn each_size_is_compared_with_the_one_before_and_with_the_smallest() {
        let table = table(&[size(10_000, 1.0), size(100_000, 1.25), size(1_000_000, 1.5)]);
        assert!(table.contains("| get-task | 10000 | 1.00 | 2.00 | 0 | – | – | – |"), "{table}");
        let second = "| get-task | 100000 | 1.25 | 2.50 | 0 | 1.25 ×, 1.25 × | 1.25 ×, 1.25 × | met |";
        assert!(table.contains(second), "{table}");
        let third = "| page 1 | 1000000 | 1.50 | 3.00 | 0 | 1.20 ×, 1.20 × | 1.50 ×, 1.50 × | met |";
        assert!(table.contains(third), "{table}");
        let deep = "| page 200 (to page 1) | 10000 | 2.00 | 4.00 | 0 | 2.00 ×, 2.00 × | – | not met |";
        assert!(table.contains(deep), "{table}");
        let cells: Vec<_> = table.lines().map(|line| line.matches('|').count()).collect();
        assert_eq!(cells, [10; 11]);
    }

    #[test]
    fn a_step_or_an_error_is_enough_not_to_meet_the_target() {
        let steps = table(&[size(10_000, 1.0), size(100_000, 0.8), size(1_000_000, 1.2)]);
        assert!(steps.contains("1.50 ×, 1.50 × | 1.20 ×, 1.20 × | not met |"), "{steps}");
        let mut refusing = size(10_000, 1.0);
        refusing.first_page.errors.insert("503".to_owned(), 1);
        let refused = table(&[refusing, size(100_000, 1.0)]);
        assert!(refused.contains("| page 1 | 10000 | 1.00 | 2.00 | 1 | – | – | not met |"), "{refused}");
        assert!(refused.contains("| page 1 | 100000 | 1.00 | 2.00 | 0 | 1.00 ×, 1.00 × | 1.00 ×, 1.00 × | not met |"));
    }
}
