use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};

use super::super::problem::Problem;

/// The code of what is refused.
pub(crate) const OVERLOADED: &str = "overloaded";

/// At most one line is logged in this time: a line for every refusal would be a load of its own.
const LOG_EVERY: Duration = Duration::from_secs(1);

/// Counts what is refused, and answers it.
#[derive(Debug)]
pub(super) struct Refusals {
    count: AtomicU64,
    logged: AtomicU64,
    opened: Instant,
    /// Milliseconds after `opened` at which the next line may be logged.
    quiet_until: AtomicU64,
}

impl Default for Refusals {
    fn default() -> Self {
        Self {
            count: AtomicU64::new(0),
            logged: AtomicU64::new(0),
            opened: Instant::now(),
            quiet_until: AtomicU64::new(0),
        }
    }
}

/// Marks a request that was refused, for the layers around.
struct Refused;

/// Whether the request was refused because there were too many. It is counted and needs no line in the log.
pub(crate) fn was_refused(request: &HttpRequest) -> bool {
    request.extensions().get::<Refused>().is_some()
}

impl Refusals {
    /// The answer to a request that is refused.
    pub(super) fn refuse(&self, request: &HttpRequest, class: &'static str, reason: &'static str) -> Problem {
        metrics::counter!("requests_shed_total", "class" => class, "reason" => reason).increment(1);
        request.extensions_mut().insert(Refused);
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        self.log(count, class, reason);
        // Not all in the same second: those who are refused together should not come back together.
        let seconds = 1 + count % 3;
        let detail = format!("There are more requests than can be served: try again in {seconds} s.");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, OVERLOADED, detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    fn log(&self, count: u64, class: &str, reason: &str) {
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        let until = self.quiet_until.load(Ordering::Relaxed);
        let next = now + LOG_EVERY.as_millis() as u64;
        if now < until || self.quiet_until.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return;
        }
        let refused = count - self.logged.swap(count, Ordering::Relaxed).min(count);
        tracing::warn!(refused, class, reason, "there are more requests than can be served");
    }
}
