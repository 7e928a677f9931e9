//! How long the relay waits for what.

use std::time::Duration;

use tenon_domain::Timestamp;

const MIN_PAUSE: Duration = Duration::from_secs(1);
/// Short enough that all goes on within seconds of the return of a store that was away for long.
const MAX_PAUSE: Duration = Duration::from_secs(3);
/// Claims that could not be pushed count as deliveries, too: after a long outage of the queue a lost job must not wait
/// for hours.
const DOUBLINGS: u32 = 3;

/// 1 s, 2 s, 3 s.
pub(crate) fn pause_after(failures: u32) -> Duration {
    MIN_PAUSE.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(MAX_PAUSE)
}

/// How long the subscribers have for an event that is delivered for the `delivery`-th time.
pub(crate) fn lease(first: Duration, delivery: u32) -> Duration {
    first.saturating_mul(2_u32.pow(delivery.saturating_sub(1).min(DOUBLINGS)))
}

pub(crate) fn later(time: Timestamp, by: Duration) -> Timestamp {
    chrono::TimeDelta::from_std(by).ok().and_then(|by| time.checked_add_signed(by)).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_double_three_times() {
        let leases = [1, 2, 3, 4, u32::MAX].map(|delivery| lease(Duration::from_secs(120), delivery).as_secs());
        assert_eq!(leases, [120, 240, 480, 960, 960]);
    }
}
