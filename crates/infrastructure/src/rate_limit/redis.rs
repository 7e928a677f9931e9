use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use redis::Script;
use tenon_application::ports::{RateDecision, RateLimiter, RatePolicy};

use super::InProcessRateLimiter;
use super::lease::{Course, Grant, LIFETIME, Lease, longest};
use crate::redis_link::RedisLink;

/// How many keys may have a lease. Beyond, that of the key that was used longest ago is lost.
const LEASES: u64 = 50_000;

/// Counts in Redis, for all instances together, in one round trip, and where the quota is generous in one for many
/// requests. Counts in process while Redis is away.
#[derive(Debug)]
pub struct RedisRateLimiter {
    link: RedisLink,
    prefix: String,
    script: Script,
    leases: Cache<String, Arc<Mutex<Lease>>>,
    fallback: InProcessRateLimiter,
}

impl RedisRateLimiter {
    /// `prefix` comes before every key.
    pub fn new(link: RedisLink, prefix: &str) -> Self {
        Self {
            link,
            prefix: format!("{prefix}rate:"),
            script: Script::new(include_str!("gcra.lua")),
            leases: Cache::builder()
                .max_capacity(LEASES)
                .time_to_idle(LIFETIME)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
            fallback: InProcessRateLimiter::new(),
        }
    }

    /// Asks for some requests at once; `None` when Redis is away.
    async fn ask(&self, policy: &RatePolicy, key: &str, interval: u64, wanted: u32) -> Option<Grant> {
        let mut invocation = self.script.prepare_invoke();
        invocation.key(key).arg(interval).arg(policy.quota).arg(wanted);
        let answer: Result<(u32, u32, u64), _> =
            self.link.call(async |mut connection| invocation.invoke_async(&mut connection).await).await;
        match answer {
            Ok((granted, remaining, reset)) => {
                Some(Grant { granted, remaining, reset_after: Duration::from_micros(reset) })
            }
            Err(cause) => {
                tracing::debug!(%cause, policy = policy.name, "counting requests in process");
                None
            }
        }
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    async fn check(&self, policy: &RatePolicy, key: &str) -> RateDecision {
        let interval = policy.window.as_micros() / u128::from(policy.quota.max(1));
        let Ok(interval @ 1..) = u64::try_from(interval) else { return self.fallback.count(policy, key) };
        let place = format!("{}{}:{key}", self.prefix, policy.name);
        let lease = (longest(policy) > 1).then(|| {
            let begun = || Arc::new(Mutex::new(Lease::new(Instant::now())));
            self.leases.entry_by_ref(place.as_str()).or_insert_with(begun).into_value()
        });
        let course = lease.as_ref().map_or(Course::Ask(1), |lease| locked(lease).spend(policy, Instant::now()));
        let wanted = match course {
            Course::Decided(decision) => return decision,
            Course::Ask(wanted) => wanted,
        };
        let Some(grant) = self.ask(policy, &place, interval, wanted).await else {
            return self.fallback.count(policy, key);
        };
        if let Some(lease) = &lease {
            locked(lease).take(wanted, grant, Instant::now());
        }
        grant.decision()
    }
}

fn locked(lease: &Mutex<Lease>) -> MutexGuard<'_, Lease> {
    lease.lock().unwrap_or_else(PoisonError::into_inner)
}
