use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter as Governor};
use tenon_application::ports::{RateDecision, RateLimiter, RatePolicy};

type Counters = Governor<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// A policy by its name, quota and window.
type PolicyId = (&'static str, u32, Duration);

/// Keys whose quota is full again are forgotten this often, so that they do not pile up.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// Counts in this process.
#[derive(Debug)]
pub struct InProcessRateLimiter {
    policies: RwLock<HashMap<PolicyId, Arc<Counters>>>,
    clock: DefaultClock,
    started: Instant,
    next_sweep_ms: AtomicU64,
}

impl InProcessRateLimiter {
    pub fn new() -> Self {
        Self {
            policies: RwLock::default(),
            clock: DefaultClock::default(),
            started: Instant::now(),
            next_sweep_ms: AtomicU64::new(millis(SWEEP_EVERY)),
        }
    }

    /// How many keys are being counted.
    pub fn tracked_keys(&self) -> usize {
        self.policies.read().unwrap_or_else(PoisonError::into_inner).values().map(|counters| counters.len()).sum()
    }

    /// Counts one request, without waiting for anything.
    pub(super) fn count(&self, policy: &RatePolicy, key: &str) -> RateDecision {
        self.sweep_when_due();
        // A policy without a quota or a window lets nothing through.
        let Some(quota) = quota(policy) else {
            return RateDecision { allowed: false, remaining: 0, reset_after: policy.window };
        };
        match self.counters(policy, quota).check_key(&key.to_owned()) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let used = policy.quota.saturating_sub(remaining);
                let reset_after = quota.replenish_interval().saturating_mul(used);
                RateDecision { allowed: true, remaining, reset_after }
            }
            Err(refusal) => {
                let reset_after = refusal.wait_time_from(self.clock.now());
                RateDecision { allowed: false, remaining: 0, reset_after }
            }
        }
    }

    fn counters(&self, policy: &RatePolicy, quota: Quota) -> Arc<Counters> {
        let id = (policy.name, policy.quota, policy.window);
        if let Some(counters) = self.policies.read().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Arc::clone(counters);
        }
        let mut policies = self.policies.write().unwrap_or_else(PoisonError::into_inner);
        let counters = policies.entry(id).or_insert_with(|| Arc::new(Governor::keyed(quota).with_middleware()));
        Arc::clone(counters)
    }

    fn sweep_when_due(&self) {
        let (now, due) = (millis(self.started.elapsed()), self.next_sweep_ms.load(Ordering::Relaxed));
        let next = now + millis(SWEEP_EVERY);
        let mine =
            now >= due && self.next_sweep_ms.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if mine {
            self.sweep();
        }
    }

    fn sweep(&self) {
        let policies: Vec<_> =
            self.policies.read().unwrap_or_else(PoisonError::into_inner).values().map(Arc::clone).collect();
        for counters in policies {
            counters.retain_recent();
            counters.shrink_to_fit();
        }
    }
}

impl Default for InProcessRateLimiter {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl RateLimiter for InProcessRateLimiter {
    async fn check(&self, policy: &RatePolicy, key: &str) -> RateDecision {
        self.count(policy, key)
    }
}

fn quota(policy: &RatePolicy) -> Option<Quota> {
    let burst = NonZeroU32::new(policy.quota)?;
    Some(Quota::with_period(policy.window / policy.quota)?.allow_burst(burst))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_a_full_quota_are_forgotten() {
        let limiter = InProcessRateLimiter::new();
        let policy = RatePolicy { name: "test", quota: 5, window: Duration::from_millis(50) };
        for n in 0..1000 {
            assert!(limiter.count(&policy, &n.to_string()).allowed);
        }
        assert_eq!(limiter.tracked_keys(), 1000);
        std::thread::sleep(Duration::from_millis(120));
        limiter.sweep();
        assert_eq!(limiter.tracked_keys(), 0);
    }
}
