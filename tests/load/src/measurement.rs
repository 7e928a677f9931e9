use std::collections::BTreeMap;

use serde::Serialize;

use crate::statistics::median;

/// What a driver saw.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Measurement {
    /// Answers, good or not.
    pub(crate) requests: u64,
    /// Good answers alone.
    pub(crate) requests_per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p95_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
    /// What became of each request: statuses by number, and the words of `errors`. Empty where the driver counts errors
    /// alone.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) answers: BTreeMap<String, u64>,
    /// What went wrong: statuses of 400 and above by number, and `timeout`, `connection`, `lost`, `unsent`,
    /// `unfinished`.
    pub(crate) errors: BTreeMap<String, u64>,
    /// CPU time of each process meanwhile, and of all processes of the database and of Redis.
    pub(crate) cpu_seconds: BTreeMap<String, f64>,
    /// The most each process of ours had resident meanwhile.
    pub(crate) peak_rss_mib: BTreeMap<String, f64>,
    /// What the database and Redis take at the end, with pages that several processes share counted once.
    pub(crate) servers_mib: BTreeMap<String, f64>,
}

impl Measurement {
    /// Each figure's median over the rounds, and all of the answers and errors.
    pub(crate) fn median(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure));
        let mut summary = Self {
            requests: rounds.iter().map(|round| round.requests).sum(),
            requests_per_second: of(|round| round.requests_per_second),
            p50_ms: of(|round| round.p50_ms),
            p95_ms: of(|round| round.p95_ms),
            p99_ms: of(|round| round.p99_ms),
            max_ms: rounds.iter().map(|round| round.max_ms).fold(0.0, f64::max),
            ..Self::default()
        };
        for round in rounds {
            add(&mut summary.answers, &round.answers);
            add(&mut summary.errors, &round.errors);
            for (process, seconds) in &round.cpu_seconds {
                *summary.cpu_seconds.entry(process.clone()).or_default() += seconds;
            }
            raise(&mut summary.peak_rss_mib, &round.peak_rss_mib);
            raise(&mut summary.servers_mib, &round.servers_mib);
        }
        summary
    }

    /// Over all rounds.
    pub(crate) fn error_count(&self) -> u64 {
        self.errors.values().sum()
    }
}

/// Counts what else there was.
pub(crate) fn add(counts: &mut BTreeMap<String, u64>, others: &BTreeMap<String, u64>) {
    for (name, count) in others {
        *counts.entry(name.clone()).or_default() += count;
    }
}

/// In one line: `200: 7, 503: 1`.
pub(crate) fn listed(counts: &BTreeMap<String, u64>) -> String {
    let each: Vec<_> = counts.iter().map(|(name, count)| format!("{name}: {count}")).collect();
    each.join(", ")
}

fn raise(most: &mut BTreeMap<String, f64>, to: &BTreeMap<String, f64>) {
    for (name, value) in to {
        let known = most.entry(name.clone()).or_default();
        *known = known.max(*value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_summed_up_without_hiding_errors() {
        let round = |per_second, errors: &[(&str, u64)]| Measurement {
            requests: 10,
            requests_per_second: per_second,
            max_ms: per_second,
            errors: errors.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
            peak_rss_mib: [("api".to_owned(), per_second)].into(),
            cpu_seconds: [("api".to_owned(), 1.5)].into(),
            ..Measurement::default()
        };
        let summary = Measurement::median(&[round(5.0, &[("503", 1)]), round(9.0, &[]), round(7.0, &[("503", 2)])]);
        assert_eq!((summary.requests, summary.requests_per_second, summary.max_ms), (30, 7.0, 9.0));
        assert_eq!(summary.error_count(), 3);
        assert_eq!((summary.cpu_seconds["api"], summary.peak_rss_mib["api"]), (4.5, 9.0));
    }
}
