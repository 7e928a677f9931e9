//! Waking the relay, in process and through Redis.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::Duration;

use tenon_application::ports::RelayWaker;
use tenon_contract_tests::relay as contract;
use tenon_contract_tests::severable_redis::{Line, SeverableRedis, fresh_prefix, redis_url};
use tenon_contract_tests::timing::eventually;
use tenon_infrastructure::redis_link::RedisLink;
use tenon_infrastructure::relay::{InProcessRelay, RedisRelay};

fn redis(url: &str, prefix: &str) -> Arc<RedisRelay> {
    Arc::new(RedisRelay::new(RedisLink::open(url).unwrap(), prefix))
}

#[tokio::test]
async fn a_wake_is_heard_in_process() {
    contract::a_wake_is_heard(Arc::new(InProcessRelay::new())).await;
}

#[tokio::test]
async fn many_wakes_ring_once_in_process() {
    contract::many_wakes_ring_once(Arc::new(InProcessRelay::new())).await;
}

#[tokio::test]
async fn a_wake_is_heard_with_redis() {
    contract::a_wake_is_heard(redis(&redis_url(), &fresh_prefix())).await;
}

#[tokio::test]
async fn many_wakes_ring_once_with_redis() {
    contract::many_wakes_ring_once(redis(&redis_url(), &fresh_prefix())).await;
}

#[tokio::test]
async fn a_wake_is_heard_in_another_process() {
    let prefix = fresh_prefix();
    contract::a_wake_is_heard_elsewhere(redis(&redis_url(), &prefix), redis(&redis_url(), &prefix)).await;
}

#[tokio::test]
async fn it_rings_in_the_same_process_while_redis_is_away_and_everywhere_once_it_is_back() {
    let (severable, prefix) = (SeverableRedis::start(Line::Cut).await, fresh_prefix());
    let (waker, bell) = (redis(&redis_url(), &prefix), redis(&severable.url(), &prefix));
    contract::a_wake_is_heard(Arc::clone(&bell)).await;
    waker.wake();
    assert!(!contract::rings(&*bell, Duration::from_millis(300)).await);
    severable.set(Line::Whole);
    // Coming back rings by itself: there may have been wakes that were missed.
    assert!(contract::rings(&*bell, Duration::from_secs(5)).await);
    eventually("wakes come through", Duration::from_secs(5), async || {
        waker.wake();
        contract::rings(&*bell, Duration::from_millis(100)).await
    })
    .await;
}
