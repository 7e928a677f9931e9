//! The rate limiter, in process and in Redis.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::Duration;

use tenon_application::ports::{RateLimiter, RatePolicy};
use tenon_contract_tests::rate_limit as contract;
use tenon_contract_tests::severable_redis::{Line, SeverableRedis, fresh_prefix, redis_url};
use tenon_contract_tests::timing::eventually;
use tenon_infrastructure::rate_limit::{InProcessRateLimiter, RedisRateLimiter};
use tenon_infrastructure::redis_link::RedisLink;

fn redis(url: &str, prefix: &str) -> Arc<dyn RateLimiter> {
    Arc::new(RedisRateLimiter::new(RedisLink::open(url).unwrap(), prefix))
}

macro_rules! on_every_adapter {
    ($($name:ident),+ $(,)?) => {
        mod in_process {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                contract::$name(Arc::new(InProcessRateLimiter::new())).await;
            })+
        }

        mod in_redis {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                contract::$name(redis(&redis_url(), &fresh_prefix())).await;
            })+
        }
    };
}

on_every_adapter!(
    the_quota_is_counted_down,
    the_next_request_is_allowed_when_it_was_promised,
    a_policy_without_quota_lets_nothing_through,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_share_the_quota_of_a_process() {
    contract::concurrent_requests_share_the_quota(vec![Arc::new(InProcessRateLimiter::new())]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_share_the_quota() {
    let prefix = fresh_prefix();
    let instances = vec![redis(&redis_url(), &prefix), redis(&redis_url(), &prefix)];
    contract::concurrent_requests_share_the_quota(instances).await;
}

#[tokio::test]
async fn a_process_keeps_to_a_generous_quota() {
    contract::a_generous_quota_is_shared_up_to_a_lease_each(vec![Arc::new(InProcessRateLimiter::new())]).await;
}

#[tokio::test]
async fn instances_share_a_generous_quota_up_to_a_lease_each() {
    let prefix = fresh_prefix();
    let instances = vec![redis(&redis_url(), &prefix), redis(&redis_url(), &prefix)];
    contract::a_generous_quota_is_shared_up_to_a_lease_each(instances).await;
}

#[tokio::test]
async fn without_redis_a_lease_is_spent_and_then_requests_are_counted_in_process() {
    let severable = SeverableRedis::start(Line::Whole).await;
    let prefix = fresh_prefix();
    let (here, there) = (redis(&severable.url(), &prefix), redis(&redis_url(), &prefix));
    let policy = RatePolicy { name: "read", quota: 1_280, window: Duration::from_secs(60) };
    for _ in 0..100 {
        assert!(here.check(&policy, "a").await.allowed);
    }
    severable.set(Line::Cut);
    // Never shut: a lease, and the quota of the process; never open: no more than these.
    let mut allowed = 0;
    while here.check(&policy, "a").await.allowed {
        allowed += 1;
        assert!(allowed < 10_000, "nobody counts");
    }
    assert!(allowed >= policy.quota, "{allowed}");
    severable.set(Line::Whole);
    eventually("Redis counts again", Duration::from_secs(5), async || here.check(&policy, "a").await.allowed).await;
    // What was let through meanwhile, Redis knows nothing of.
    assert!(there.check(&policy, "a").await.remaining > 1_000);
}

#[tokio::test]
async fn without_redis_requests_are_counted_in_process() {
    let severable = SeverableRedis::start(Line::Whole).await;
    let prefix = fresh_prefix();
    let (here, there) = (redis(&severable.url(), &prefix), redis(&redis_url(), &prefix));
    let policy = RatePolicy { name: "auth", quota: 3, window: Duration::from_secs(600) };
    for _ in 0..3 {
        assert!(there.check(&policy, "a").await.allowed);
    }
    assert!(!here.check(&policy, "a").await.allowed);
    severable.set(Line::Cut);
    // Never shut, and never open.
    for _ in 0..3 {
        assert!(here.check(&policy, "a").await.allowed);
    }
    assert!(!here.check(&policy, "a").await.allowed);
    severable.set(Line::Whole);
    eventually("Redis counts again", Duration::from_secs(5), async || {
        there.check(&policy, "fresh").await;
        here.check(&policy, "b").await;
        !here.check(&policy, "fresh").await.allowed || here.check(&policy, "fresh").await.remaining < 2
    })
    .await;
}
