//! What every [`RateLimiter`] does.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use tenon_application::ports::{RateLimiter, RatePolicy};

const SLOW: RatePolicy = RatePolicy { name: "slow", quota: 5, window: Duration::from_secs(60) };

pub async fn the_quota_is_counted_down(limiter: Arc<dyn RateLimiter>) {
    for remaining in (0..5).rev() {
        let decision = limiter.check(&SLOW, "a").await;
        assert!(decision.allowed);
        assert_eq!(decision.remaining, remaining);
        let full = Duration::from_secs(12) * (5 - remaining);
        assert!(decision.reset_after <= full, "{decision:?}");
        assert!(decision.reset_after > full - Duration::from_secs(2), "{decision:?}");
    }
    let refused = limiter.check(&SLOW, "a").await;
    assert!(!refused.allowed && refused.remaining == 0);
    assert!(refused.reset_after <= Duration::from_secs(12) && refused.reset_after > Duration::from_secs(10));
    assert!(limiter.check(&SLOW, "b").await.allowed, "keys are counted apart");
    let other = RatePolicy { name: "other", ..SLOW };
    assert!(limiter.check(&other, "a").await.allowed, "policies are counted apart");
}

pub async fn the_next_request_is_allowed_when_it_was_promised(limiter: Arc<dyn RateLimiter>) {
    let policy = RatePolicy { name: "fast", quota: 2, window: Duration::from_millis(600) };
    assert!(limiter.check(&policy, "a").await.allowed);
    assert!(limiter.check(&policy, "a").await.allowed);
    let refused = limiter.check(&policy, "a").await;
    assert!(!refused.allowed);
    tokio::time::sleep(refused.reset_after + Duration::from_millis(10)).await;
    assert!(limiter.check(&policy, "a").await.allowed);
    assert!(!limiter.check(&policy, "a").await.allowed);
}

pub async fn concurrent_requests_share_the_quota(limiters: Vec<Arc<dyn RateLimiter>>) {
    let policy = RatePolicy { name: "busy", quota: 10, window: Duration::from_secs(600) };
    let checks: Vec<_> = (0..100)
        .map(|n| {
            let limiter = Arc::clone(&limiters[n % limiters.len()]);
            tokio::spawn(async move { limiter.check(&policy, "a").await })
        })
        .collect();
    let mut allowed = 0;
    for check in checks {
        allowed += usize::from(check.await.unwrap().allowed);
    }
    assert_eq!(allowed, 10);
}

pub async fn a_policy_without_quota_lets_nothing_through(limiter: Arc<dyn RateLimiter>) {
    let closed = RatePolicy { name: "closed", quota: 0, window: Duration::from_secs(1) };
    assert!(!limiter.check(&closed, "a").await.allowed);
}

/// So much of it is taken ahead by an instance, at most.
const LEASE: u32 = 64;

/// Of a generous quota instances may take some ahead: what they let through together is the quota, give or take what lies
/// with them.
pub async fn a_generous_quota_is_shared_up_to_a_lease_each(limiters: Vec<Arc<dyn RateLimiter>>) {
    let policy = RatePolicy { name: "generous", quota: 6_400, window: Duration::from_secs(100) };
    let (begun, instances) = (Instant::now(), u32::try_from(limiters.len()).unwrap());
    let mut allowed = 0;
    let mut refusals = vec![0; limiters.len()];
    let mut remaining = policy.quota;
    // In turn, so that no instance is done before the other begins.
    while refusals.iter().any(|refused| *refused < 3) {
        for (limiter, refused) in limiters.iter().zip(&mut refusals) {
            let decision = limiter.check(&policy, "a").await;
            if decision.allowed {
                assert!(decision.remaining < policy.quota && decision.reset_after <= policy.window, "{decision:?}");
                allowed += 1;
                remaining = decision.remaining;
            } else {
                assert!(!decision.reset_after.is_zero() && decision.remaining == 0, "{decision:?}");
                *refused += 1;
            }
        }
    }
    assert!(remaining < policy.quota / 2, "{remaining} are said to be left");
    let refilled = begun.elapsed().as_millis() / 15;
    let (fewest, most) = (policy.quota - LEASE * instances, u128::from(policy.quota + LEASE * instances) + refilled);
    assert!(allowed >= fewest && u128::from(allowed) <= most, "{allowed} were allowed, {refilled} came back");
}
