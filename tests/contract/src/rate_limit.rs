//! What every [`RateLimiter`] does.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::Duration;

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
