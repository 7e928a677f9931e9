//! How many commands and queries there are, and how long they take.

use std::cell::RefCell;
use std::collections::HashMap;

use metrics::{Counter, Histogram};

/// The series of one operation.
struct Series {
    duration: Histogram,
    outcomes: Vec<(&'static str, Counter)>,
}

thread_local! {
    /// Finding a series by its labels costs as much as a small query: every thread does it once.
    static OPERATIONS: RefCell<HashMap<&'static str, Series>> = RefCell::default();
}

/// Notes an operation that ended.
pub(crate) fn record(operation: &'static str, outcome: &'static str, seconds: f64) {
    OPERATIONS.with_borrow_mut(|operations| {
        let Series { duration, outcomes } = operations.entry(operation).or_insert_with(|| Series {
            duration: metrics::histogram!("operation_duration_seconds", "operation" => operation),
            outcomes: Vec::new(),
        });
        duration.record(seconds);
        match outcomes.iter().find(|(known, _)| *known == outcome) {
            Some((_, counter)) => counter.increment(1),
            None => {
                let counter = metrics::counter!("operations_total", "operation" => operation, "outcome" => outcome);
                counter.increment(1);
                outcomes.push((outcome, counter));
            }
        }
    });
}
