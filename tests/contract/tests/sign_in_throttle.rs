//! The throttle of sign-ins, in process and in Redis.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::Duration;

use tenon_application::identity::{Admission, SignInAttempt, SignInPolicy, SignInThrottle};
use tenon_contract_tests::severable_redis::{Line, SeverableRedis, fresh_prefix, redis_url};
use tenon_contract_tests::sign_in_throttle::{self as contract, LASTING, PASSING};
use tenon_contract_tests::timing::eventually;
use tenon_infrastructure::redis_link::RedisLink;
use tenon_infrastructure::sign_in_throttle::{InProcessSignInThrottle, RedisSignInThrottle};

fn in_process(policy: SignInPolicy) -> Arc<dyn SignInThrottle> {
    Arc::new(InProcessSignInThrottle::new(policy))
}

fn redis(url: &str, prefix: &str, policy: SignInPolicy) -> Arc<dyn SignInThrottle> {
    Arc::new(RedisSignInThrottle::new(RedisLink::open(url).unwrap(), prefix, policy))
}

macro_rules! on_every_adapter {
    ($($name:ident($policy:expr)),+ $(,)?) => {
        mod in_process {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                contract::$name(super::in_process($policy)).await;
            })+
        }

        mod in_redis {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                contract::$name(redis(&redis_url(), &fresh_prefix(), $policy)).await;
            })+
        }
    };
}

on_every_adapter!(
    a_pair_pauses_longer_and_longer(LASTING),
    a_success_forgets_what_failed_for_the_pair(LASTING),
    an_address_pauses_for_accounts_it_is_not_familiar_with(LASTING),
    what_fails_at_a_familiar_address_counts_for_that_pair_alone(LASTING),
    a_locked_account_takes_familiar_addresses_only(LASTING),
    unlocking_opens_an_account_and_makes_the_address_familiar(LASTING),
    what_is_promised_is_kept(PASSING),
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_failures_at_once_are_counted_in_a_process() {
    contract::every_one_of_many_failures_is_counted(vec![in_process(LASTING)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_failures_at_once_are_counted_for_all_instances_together() {
    let prefix = fresh_prefix();
    let instances = vec![redis(&redis_url(), &prefix, LASTING), redis(&redis_url(), &prefix, LASTING)];
    contract::every_one_of_many_failures_is_counted(instances).await;
}

#[tokio::test]
async fn without_redis_failures_are_counted_in_process() {
    let severable = SeverableRedis::start(Line::Whole).await;
    let prefix = fresh_prefix();
    let (here, there) = (redis(&severable.url(), &prefix, LASTING), redis(&redis_url(), &prefix, LASTING));
    let ada = SignInAttempt::new("ada@example.com", Some("192.0.2.1"));
    let elsewhere = |host: u32| SignInAttempt::new("ada@example.com", Some(&format!("192.0.2.{host}")));
    here.succeeded(&ada).await;
    for _ in 0..3 {
        there.failed(&ada).await;
    }
    assert!(matches!(here.admit(&ada).await, Admission::Paused(_)));
    severable.set(Line::Cut);
    // Never shut: what is in Redis is not known here. Never open: what fails now is counted.
    assert_eq!(here.admit(&ada).await, Admission::Admitted);
    for host in 100..100 + LASTING.account_cap {
        here.failed(&elsewhere(host)).await;
    }
    assert!(matches!(here.admit(&elsewhere(2)).await, Admission::Locked { tell: true, .. }));
    assert_eq!(here.admit(&ada).await, Admission::Admitted, "what was familiar is so while Redis is away");
    severable.set(Line::Whole);
    eventually("Redis counts again", Duration::from_secs(5), async || {
        matches!(here.admit(&ada).await, Admission::Paused(_))
    })
    .await;
}
