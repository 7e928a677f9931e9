//! How many requests there are, and how long they take.

use std::cell::RefCell;
use std::collections::HashMap;

use actix_web::http::StatusCode;
use metrics::{Counter, Histogram};

/// The series of one method of a route.
struct Series {
    method: &'static str,
    duration: Histogram,
    answers: Vec<(StatusCode, Counter)>,
}

thread_local! {
    /// By route pattern. Finding a series by its labels costs as much as a small request: every thread does it once.
    static ROUTES: RefCell<HashMap<String, Vec<Series>>> = RefCell::default();
}

/// Notes an answered request. `method` and `route` must be few: they become labels.
pub(crate) fn record(method: &'static str, route: &str, status: StatusCode, seconds: f64) {
    ROUTES.with_borrow_mut(|routes| match routes.get_mut(route) {
        Some(methods) => note(methods, method, route, status, seconds),
        None => note(routes.entry(route.to_owned()).or_default(), method, route, status, seconds),
    });
}

fn note(methods: &mut Vec<Series>, method: &'static str, route: &str, status: StatusCode, seconds: f64) {
    let place = methods.iter().position(|series| series.method == method).unwrap_or_else(|| {
        methods.push(Series::new(method, route));
        methods.len() - 1
    });
    let Series { duration, answers, .. } = &mut methods[place];
    duration.record(seconds);
    match answers.iter().find(|(known, _)| *known == status) {
        Some((_, counter)) => counter.increment(1),
        None => {
            let counter = counter(method, route, status);
            counter.increment(1);
            answers.push((status, counter));
        }
    }
}

impl Series {
    fn new(method: &'static str, route: &str) -> Self {
        let duration = metrics::histogram!(
            "http_request_duration_seconds", "method" => method, "route" => route.to_owned()
        );
        Self { method, duration, answers: Vec::new() }
    }
}

fn counter(method: &'static str, route: &str, status: StatusCode) -> Counter {
    metrics::counter!(
        "http_requests_total",
        "method" => method, "route" => route.to_owned(), "status" => status.as_str().to_owned()
    )
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Mutex};

    use metrics::{Gauge, Key, KeyName, Metadata, Recorder, SharedString, Unit};

    use super::*;

    /// Remembers which counters were asked for, and what they count.
    #[derive(Default)]
    struct Counters(Mutex<Vec<(String, Arc<AtomicU64>)>>);

    impl Recorder for Counters {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            let value = Arc::new(AtomicU64::new(0));
            self.0.lock().unwrap().push((format!("{} {}", key.name(), labels.join(" ")), Arc::clone(&value)));
            Counter::from_arc(value)
        }

        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[test]
    fn every_series_is_looked_up_once_and_counts_for_itself() {
        let counters = Counters::default();
        metrics::with_local_recorder(&counters, || {
            for _ in 0..3 {
                record("GET", "/tasks", StatusCode::OK, 0.001);
                record("POST", "/tasks", StatusCode::OK, 0.001);
            }
            record("GET", "/tasks", StatusCode::NOT_MODIFIED, 0.001);
            record("GET", "/projects", StatusCode::OK, 0.001);
        });
        let counted = counters.0.lock().unwrap();
        let counted: Vec<_> = counted.iter().map(|(key, n)| (key.as_str(), n.load(Ordering::SeqCst))).collect();
        assert_eq!(
            counted,
            [
                ("http_requests_total method=GET route=/tasks status=200", 3),
                ("http_requests_total method=POST route=/tasks status=200", 3),
                ("http_requests_total method=GET route=/tasks status=304", 1),
                ("http_requests_total method=GET route=/projects status=200", 1),
            ]
        );
    }
}
