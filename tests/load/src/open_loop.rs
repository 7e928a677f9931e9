//! Requests at a constant rate, whether answers come or not, each timed from the moment it was due: a server that
//! stalls is seen to, because nobody waits for it before the next one (no coordinated omission).
//!
//! For probes at low rates beside another load, which mix methods and people in ways that `oha` cannot.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::sync::mpsc;

use crate::Outcome;
use crate::measurement::Measurement;
use crate::requests::{Load, Request, next_series};
use crate::server::{Answered, Api};
use crate::statistics::percentile;

/// How often, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrivals {
    pub(crate) per_second: f64,
    pub(crate) duration: Duration,
}

impl Arrivals {
    fn count(self) -> u32 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of requests")]
        let count = (self.per_second * self.duration.as_secs_f64()) as u32;
        count.max(1)
    }

    /// Ticks when a request is due. On a thread, because the runtime's timers are a millisecond wide.
    pub(crate) fn begin(self) -> mpsc::UnboundedReceiver<Instant> {
        let (due, ticks) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            let begun = Instant::now();
            for number in 0..self.count() {
                let at = begun + Duration::from_secs_f64(f64::from(number) / self.per_second);
                std::thread::sleep(at.saturating_duration_since(Instant::now()));
                if due.send(at).is_err() {
                    return;
                }
            }
        });
        ticks
    }
}

/// Sends the requests of a load in turn, and waits for all answers.
pub(crate) async fn arrive(api: &Api, load: &Load, arrivals: Arrivals) -> Outcome<Measurement> {
    let mut ticks = arrivals.begin();
    let mut under_way = Vec::new();
    let series = next_series();
    let mut requests = (0..).zip(load.requests.iter().cycle());
    let begun = Instant::now();
    while let Some(due) = ticks.recv().await {
        let (number, request) = requests.next().ok_or("nothing to send")?;
        under_way.push(tokio::spawn(timed(api.clone(), request.counted(&series, number), due)));
    }
    let answers = join_all(under_way).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(summary(&answers, begun.elapsed()))
}

/// How long a request took from when it was due, and what was answered.
async fn timed(api: Api, request: Request, due: Instant) -> (f64, Answered) {
    let answered = api.status(&request).await;
    (due.elapsed().as_secs_f64() * 1e3, answered)
}

fn summary(found: &[(f64, Answered)], elapsed: Duration) -> Measurement {
    let (mut answers, mut errors) = (BTreeMap::<String, u64>::new(), BTreeMap::<String, u64>::new());
    for (_, answered) in found {
        let name = answered.map_or_else(str::to_owned, |status| status.to_string());
        let good = answered.is_ok_and(|status| status < 400);
        if !good {
            *errors.entry(name.clone()).or_default() += 1;
        }
        *answers.entry(name).or_default() += 1;
    }
    let all = of_latencies(found.iter().map(|(latency, _)| *latency).collect(), elapsed);
    let good = all.requests - errors.values().sum::<u64>();
    Measurement { requests_per_second: per_second(good, elapsed), answers, errors, ..all }
}

fn per_second(count: u64, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64().max(f64::EPSILON)
}

/// What latencies in milliseconds say.
pub(crate) fn of_latencies(mut latencies: Vec<f64>, elapsed: Duration) -> Measurement {
    latencies.sort_by(f64::total_cmp);
    Measurement {
        requests: latencies.len() as u64,
        requests_per_second: per_second(latencies.len() as u64, elapsed),
        p50_ms: percentile(&latencies, 0.5),
        p95_ms: percentile(&latencies, 0.95),
        p99_ms: percentile(&latencies, 0.99),
        max_ms: percentile(&latencies, 1.0),
        ..Measurement::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::listed;

    #[test]
    fn what_was_not_answered_well_is_counted() {
        let answers = [(1.0, Ok(200)), (9.0, Ok(503)), (3.0, Err("timeout")), (2.0, Ok(304)), (5.0, Ok(503))];
        let found = summary(&answers, Duration::from_secs(2));
        assert_eq!(listed(&found.answers), "200: 1, 304: 1, 503: 2, timeout: 1");
        assert_eq!(listed(&found.errors), "503: 2, timeout: 1");
        assert_eq!((found.requests, found.requests_per_second, found.p50_ms, found.max_ms), (5, 1.0, 3.0, 9.0));
    }

    #[tokio::test]
    async fn requests_are_due_at_a_constant_rate() {
        let arrivals = Arrivals { per_second: 200.0, duration: Duration::from_millis(100) };
        let mut ticks = arrivals.begin();
        let mut due = Vec::new();
        while let Some(at) = ticks.recv().await {
            due.push(at);
        }
        assert_eq!(due.len(), 20);
        let gaps: Vec<_> = due.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().all(|gap| gap.abs_diff(Duration::from_millis(5)) < Duration::from_micros(10)), "{gaps:?}");
    }
}
