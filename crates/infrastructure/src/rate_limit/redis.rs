use std::time::Duration;

use async_trait::async_trait;
use redis::Script;
use tenon_application::ports::{RateDecision, RateLimiter, RatePolicy};

use super::InProcessRateLimiter;
use crate::redis_link::RedisLink;

/// Counts in Redis, for all instances together, in one round trip. Counts in process while Redis is away.
#[derive(Debug)]
pub struct RedisRateLimiter {
    link: RedisLink,
    prefix: String,
    script: Script,
    fallback: InProcessRateLimiter,
}

impl RedisRateLimiter {
    /// `prefix` comes before every key.
    pub fn new(link: RedisLink, prefix: &str) -> Self {
        Self {
            link,
            prefix: format!("{prefix}rate:"),
            script: Script::new(include_str!("gcra.lua")),
            fallback: InProcessRateLimiter::new(),
        }
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    async fn check(&self, policy: &RatePolicy, key: &str) -> RateDecision {
        let interval = policy.window.as_micros() / u128::from(policy.quota.max(1));
        let Ok(interval @ 1..) = u64::try_from(interval) else { return self.fallback.count(policy, key) };
        let mut invocation = self.script.prepare_invoke();
        invocation.key(format!("{}{}:{key}", self.prefix, policy.name)).arg(interval).arg(policy.quota);
        let answer: Result<(bool, u32, u64), _> =
            self.link.call(async |mut connection| invocation.invoke_async(&mut connection).await).await;
        match answer {
            Ok((allowed, remaining, reset)) => {
                RateDecision { allowed, remaining, reset_after: Duration::from_micros(reset) }
            }
            Err(cause) => {
                tracing::debug!(%cause, policy = policy.name, "counting requests in process");
                self.fallback.count(policy, key)
            }
        }
    }
}
