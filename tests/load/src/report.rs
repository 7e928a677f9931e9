//! What is printed and written.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;

use crate::Outcome;
use crate::closed_loop::Compared;
use crate::deployment::Deployment;
use crate::measurement::{Measurement, listed};
use crate::scale::{self, Size};
use crate::soak::Soak;

/// One line of the table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) deployment: Deployment,
    pub(crate) scenario: String,
    pub(crate) tenon: Measurement,
    pub(crate) reference: Option<Measurement>,
    /// Of Tenon's good answers a second to the reference's.
    pub(crate) ratio: Option<f64>,
    /// What was wanted, in words.
    pub(crate) target: Option<String>,
    pub(crate) met: Option<bool>,
}

impl Row {
    /// A scenario that is compared with nothing, or by its caller.
    pub(crate) fn alone(deployment: Deployment, scenario: String, tenon: Measurement) -> Self {
        Self { deployment, scenario, tenon, reference: None, ratio: None, target: None, met: None }
    }

    pub(crate) fn compared(deployment: Deployment, scenario: String, found: Compared, at_least: Option<f64>) -> Self {
        let Compared { tenon, reference, ratio } = found;
        let target = at_least.map(|share| format!("≥ {share:.2} ×"));
        // Answers that were refused are no throughput.
        let met = ratio.zip(at_least).map(|(ratio, share)| ratio >= share && tenon.error_count() == 0);
        Self { deployment, scenario, tenon, reference, ratio, target, met }
    }

    /// In one line, while others are still being measured.
    pub(crate) fn summary(&self) -> String {
        let Measurement { requests_per_second, p95_ms, p99_ms, .. } = &self.tenon;
        let ratio = self.ratio.map(|ratio| format!(", {ratio:.2} × the reference")).unwrap_or_default();
        format!("{}: {requests_per_second:.0}/s, p95 {p95_ms:.2} ms, p99 {p99_ms:.2} ms{ratio}", self.scenario)
    }
}

/// Everything that was found.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) cores: usize,
    /// The share of the processors' time that a virtual machine was not given when it wanted it.
    pub(crate) stolen: f64,
    pub(crate) connections: u32,
    pub(crate) seconds: u64,
    pub(crate) rounds: usize,
    pub(crate) tasks: u64,
    pub(crate) rows: Vec<Row>,
    pub(crate) soaks: Vec<Soak>,
    pub(crate) sizes: Vec<Size>,
}

impl Report {
    /// As Markdown, so that it can be pasted into `docs/performance.md`.
    pub(crate) fn table(&self) -> String {
        let mut text = format!(
            "{} tasks, {} connections, median of {} × {} s, {} cores of which the host took {:.0}% away\n\n",
            self.tasks,
            self.connections,
            self.rounds,
            self.seconds,
            self.cores,
            self.stolen * 100.0
        );
        text.push_str(
            "| On | Scenario | Good answers/s | p50 ms | p95 ms | p99 ms | max ms | Errors | Reference/s | Ratio | Target | \
             Met | CPU ms/request | Peak MiB |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            text.push_str(&line(row));
        }
        for soak in &self.soaks {
            text.push('\n');
            text.push_str(&soak.table());
        }
        if !self.sizes.is_empty() {
            text.push('\n');
            text.push_str(&scale::table(&self.sizes));
        }
        text
    }

    /// What must not be overlooked among all the figures.
    pub(crate) fn failure(&self) -> Option<String> {
        let failures: Vec<_> = self.soaks.iter().filter_map(Soak::failure).collect();
        (!failures.is_empty()).then(|| failures.join("; "))
    }

    pub(crate) fn write(&self, path: &Path) -> Outcome<()> {
        Ok(std::fs::write(path, serde_json::to_string_pretty(self)?)?)
    }
}

fn line(row: &Row) -> String {
    let tenon = &row.tenon;
    let mut text = format!(
        "| {} | {} | {:.0} | {:.2} | {:.2} | {:.2} | {:.1} | ",
        row.deployment.name(),
        row.scenario,
        tenon.requests_per_second,
        tenon.p50_ms,
        tenon.p95_ms,
        tenon.p99_ms,
        tenon.max_ms
    );
    text.push_str(if tenon.errors.is_empty() { "0" } else { "" });
    text.push_str(&listed(&tenon.errors));
    let reference = row.reference.as_ref().map(|it| format!("{:.0}", it.requests_per_second));
    let ratio = row.ratio.map(|ratio| format!("{ratio:.2} ×"));
    let met = row.met.map(|met| if met { "met" } else { "not met" }.to_owned());
    for cell in [reference, ratio, row.target.clone(), met] {
        text.push_str(" | ");
        text.push_str(cell.as_deref().unwrap_or("–"));
    }
    let per_request = |seconds: f64| seconds * 1e3 / tenon.requests.max(1) as f64;
    let cpu = tenon.cpu_seconds.iter().map(|(name, seconds)| format!("{name} {:.3}", per_request(*seconds)));
    let memory = tenon.peak_rss_mib.iter().chain(&tenon.servers_mib).map(|(name, mib)| format!("{name} {mib:.0}"));
    let [cpu, memory] = [cpu.collect::<Vec<_>>(), memory.collect()].map(|cells| cells.join(", "));
    // Writing to a string does not fail.
    let _ = writeln!(text, " | {cpu} | {memory} |");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(per_second: f64) -> Measurement {
        Measurement { requests: 1_000, requests_per_second: per_second, ..Measurement::default() }
    }

    fn row(tenon: Measurement) -> Row {
        let ratio = Some(tenon.requests_per_second / 100.0);
        let found = Compared { tenon, reference: Some(at(100.0)), ratio };
        Row::compared(Deployment::Sqlite, "get-task".to_owned(), found, Some(0.7))
    }

    #[test]
    fn a_target_is_met_by_the_ratio_and_without_errors() {
        assert_eq!((row(at(70.0)).ratio, row(at(70.0)).met), (Some(0.7), Some(true)));
        assert_eq!(row(at(69.0)).met, Some(false));
        let refused = Measurement { errors: [("503".to_owned(), 1)].into(), ..at(99.0) };
        assert_eq!(row(refused).met, Some(false));
        let alone = Row::alone(Deployment::Sqlite, "login".to_owned(), at(9.0));
        assert_eq!((alone.ratio, alone.met), (None, None));
    }

    #[test]
    fn the_table_has_as_many_cells_in_each_line() {
        let mut tenon = at(70.0);
        tenon.errors.insert("503".to_owned(), 2);
        tenon.cpu_seconds.insert("tenon".to_owned(), 0.5);
        tenon.peak_rss_mib.insert("tenon".to_owned(), 64.0);
        tenon.servers_mib.insert("redis-server".to_owned(), 9.0);
        let report = Report { rows: vec![row(tenon), row(at(90.0))], ..Report::default() };
        let table = report.table();
        let cells: Vec<_> = table.lines().skip(2).map(|line| line.matches('|').count()).collect();
        assert_eq!(cells, [15, 15, 15, 15]);
        let cost = "tenon 0.500 | tenon 64, redis-server 9 |";
        assert!(table.contains(&format!("| 503: 2 | 100 | 0.70 × | ≥ 0.70 × | not met | {cost}")), "{table}");
    }
}
