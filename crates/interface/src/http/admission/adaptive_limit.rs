use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// Seconds below which nothing counts as slow: what comes from a cache now and from the database then differs more than
/// any queue makes it.
const NOTICEABLE: f64 = 0.001;
/// The limit is reconsidered when this much time has passed and this many operations have ended.
const WINDOW: Duration = Duration::from_millis(100);
const ENOUGH: usize = 16;
/// How much of a window is looked at.
const MOST: usize = 512;
/// More kinds of operations than there are routes.
const MAX_OPERATIONS: usize = 256;

/// The bounds of a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) initial: usize,
    /// How many times longer than alone an operation may take among others. Where it takes longer, it waits inside for
    /// what there is too little of, and more at a time would only wait longer.
    pub(super) tolerance: f64,
}

/// How many operations may run at a time: as many as leave each of them nearly as fast as alone.
///
/// Every kind of operation has a baseline, what it takes when nearly nothing runs beside it. When the median operation
/// of a window took more than the tolerated multiple of its baseline, the limit falls; when the limit was reached and all
/// was fast, it rises. This is the gradient of Netflix's concurrency-limits, with a baseline for each operation, because
/// a list takes longer than a lookup without anything being wrong.
#[derive(Debug)]
pub(super) struct AdaptiveLimit {
    bounds: Bounds,
    limit: f64,
    baselines: HashMap<u64, f64>,
    typical: f64,
    ratios: Vec<f64>,
    window_began: Instant,
    reached: bool,
}

impl AdaptiveLimit {
    pub(super) fn new(bounds: Bounds, now: Instant) -> Self {
        Self {
            bounds,
            limit: bounds.initial.clamp(bounds.min, bounds.max) as f64,
            baselines: HashMap::new(),
            typical: 0.0,
            ratios: Vec::with_capacity(MOST),
            window_began: now,
            reached: false,
        }
    }

    pub(super) fn get(&self) -> usize {
        self.limit as usize
    }

    /// What an operation takes, lately.
    pub(super) fn typical(&self) -> Duration {
        Duration::from_secs_f64(self.typical)
    }

    /// Notes that somebody had to wait because of the limit.
    pub(super) fn was_reached(&mut self) {
        self.reached = true;
    }

    /// Learns from an operation that went well. `beside` is how many others ran when it began.
    pub(super) fn observe(&mut self, operation: u64, took: Duration, beside: usize, now: Instant) {
        let took = took.as_secs_f64().max(1e-6);
        let weight = if self.typical > 0.0 { 0.05 } else { 1.0 };
        self.typical += weight * (took - self.typical);
        let is_lowest = self.get() <= self.bounds.min;
        let known = self.baselines.len();
        let baseline = match self.baselines.get_mut(&operation) {
            Some(baseline) => {
                // Downwards at once, upwards slowly, and only where it cannot be the doing of others. At the lowest limit
                // it always can rise a little: else a disk that has become slower would count as overload for ever.
                *baseline += match took < *baseline {
                    true => 0.3 * (took - *baseline),
                    false if beside == 0 => 0.02 * (took - *baseline).min(*baseline),
                    false if is_lowest => 0.0005 * (took - *baseline).min(*baseline),
                    false => 0.0,
                };
                *baseline
            }
            None if known < MAX_OPERATIONS => *self.baselines.entry(operation).or_insert(took),
            None => took,
        };
        if self.ratios.len() < MOST {
            self.ratios.push(took / baseline.max(NOTICEABLE));
        }
        if now.duration_since(self.window_began) >= WINDOW && self.ratios.len() >= ENOUGH {
            self.reconsider();
            self.window_began = now;
        }
    }

    fn reconsider(&mut self) {
        let middle = self.ratios.len() / 2;
        let (_, median, _) = self.ratios.select_nth_unstable_by(middle, f64::total_cmp);
        let median = *median;
        self.ratios.clear();
        if median > self.bounds.tolerance {
            self.limit *= (self.bounds.tolerance / median).clamp(0.7, 0.95);
        } else if self.reached {
            self.limit += (self.limit * 0.1).max(1.0);
        }
        self.reached = false;
        self.limit = self.limit.clamp(self.bounds.min as f64, self.bounds.max as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { min: 2, max: 64, initial: 16, tolerance: 2.0 };

    /// Lets as many run as the limit allows, each of them taking what `service` says, for some windows.
    fn run(limit: &mut AdaptiveLimit, now: &mut Instant, windows: usize, service: impl Fn(usize) -> f64) {
        for _ in 0..windows {
            let running = limit.get();
            limit.was_reached();
            *now += WINDOW;
            for _ in 0..ENOUGH {
                limit.observe(1, Duration::from_secs_f64(service(running)), running - 1, *now);
            }
        }
    }

    fn learned(now: Instant) -> AdaptiveLimit {
        let mut limit = AdaptiveLimit::new(BOUNDS, now);
        limit.observe(1, Duration::from_millis(2), 0, now);
        limit
    }

    #[tokio::test(start_paused = true)]
    async fn one_at_a_time_leaves_little_to_admit() {
        let mut now = Instant::now();
        let mut limit = learned(now);
        run(&mut limit, &mut now, 50, |running| 0.002 * running as f64);
        assert!((2..=4).contains(&limit.get()), "{}", limit.get());
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_room_is_filled() {
        let mut now = Instant::now();
        let mut limit = learned(now);
        run(&mut limit, &mut now, 50, |running| 0.002 * (1.0 + running as f64 / 40.0));
        assert!((32..=48).contains(&limit.get()), "{}", limit.get());
        run(&mut limit, &mut now, 50, |_| 0.002);
        assert_eq!(limit.get(), 64);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_reached_does_not_rise() {
        let now = Instant::now();
        let mut limit = learned(now);
        for _ in 0..1000 {
            limit.observe(1, Duration::from_millis(2), 0, now + WINDOW);
        }
        assert_eq!(limit.get(), 16);
    }

    #[tokio::test(start_paused = true)]
    async fn slow_operations_are_compared_with_their_like() {
        let mut now = Instant::now();
        let mut limit = learned(now);
        limit.observe(2, Duration::from_millis(200), 0, now);
        for _ in 0..20 {
            now += WINDOW;
            for _ in 0..ENOUGH {
                limit.was_reached();
                limit.observe(1, Duration::from_millis(2), 8, now);
                limit.observe(2, Duration::from_millis(200), 8, now);
            }
        }
        assert_eq!(limit.get(), 64);
    }

    #[tokio::test(start_paused = true)]
    async fn what_became_slower_for_good_is_not_overload_for_ever() {
        let mut now = Instant::now();
        let mut limit = learned(now);
        run(&mut limit, &mut now, 5, |_| 0.010);
        assert!(limit.get() < 16);
        run(&mut limit, &mut now, 2_000, |_| 0.010);
        assert_eq!(limit.get(), 64);
    }
}
