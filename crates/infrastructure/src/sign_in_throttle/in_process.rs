use std::time::{Duration, Instant};

use async_trait::async_trait;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tenon_application::identity::{Admission, SignInAttempt, SignInPolicy, SignInThrottle};

use super::Keys;

/// How many pairs, addresses and accounts are counted. Beyond, those that failed longest ago are forgotten.
const COUNTERS: u64 = 50_000;
/// How many pairs are known as familiar. Beyond, those that were used longest ago are forgotten.
const FAMILIAR: u64 = 50_000;
/// Every counter has forgotten everything long before.
const LONGEST_COUNT: Duration = Duration::from_secs(3 * 24 * 3600);

/// Attempts that failed.
#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    /// From when on the next one is being forgotten.
    since: Instant,
    paused_until: Instant,
}

impl Failures {
    fn none(now: Instant) -> Self {
        Self { count: 0, since: now, paused_until: now }
    }

    /// What is not forgotten yet.
    fn left(self, now: Instant, forgets_one_in: Duration) -> Self {
        let each = forgets_one_in.as_nanos().max(1);
        let forgotten = now.saturating_duration_since(self.since).as_nanos() / each;
        match u32::try_from(forgotten).ok().and_then(|forgotten| Some((forgotten, self.count.checked_sub(forgotten)?)))
        {
            Some((forgotten, count @ 1..)) => Self { count, since: self.since + forgets_one_in * forgotten, ..self },
            _ => Self { paused_until: self.paused_until, ..Self::none(now) },
        }
    }

    fn with_another(self, now: Instant, forgets_one_in: Duration, pause_after: impl Fn(u32) -> Duration) -> Self {
        let left = self.left(now, forgets_one_in);
        let count = left.count.saturating_add(1);
        Self { count, since: left.since, paused_until: now + pause_after(count) }
    }
}

/// Counts in this process.
#[derive(Debug)]
pub struct InProcessSignInThrottle {
    policy: SignInPolicy,
    failures: Cache<String, Failures>,
    familiar: Cache<String, ()>,
    told: Cache<String, ()>,
}

impl InProcessSignInThrottle {
    pub fn new(policy: SignInPolicy) -> Self {
        Self {
            policy,
            failures: bounded(COUNTERS, LONGEST_COUNT),
            familiar: bounded(FAMILIAR, policy.familiar_for),
            told: bounded(COUNTERS, policy.tells_once_in),
        }
    }

    pub(super) fn may_try(&self, attempt: &SignInAttempt) -> Admission {
        let (keys, now) = (Keys::of(attempt, ""), Instant::now());
        let mut pause = self.pause(&keys.pair, now);
        if !self.familiar.contains_key(&keys.familiar) {
            if let Some(retry_after) = self.locked_for(&keys.account, now) {
                return Admission::Locked { retry_after, tell: self.told.entry(keys.told).or_insert(()).is_fresh() };
            }
            pause = pause.max(self.pause(&keys.address, now));
        }
        if pause.is_zero() { Admission::Admitted } else { Admission::Paused(pause) }
    }

    pub(super) fn count_failure(&self, attempt: &SignInAttempt) {
        let (keys, now) = (Keys::of(attempt, ""), Instant::now());
        let SignInPolicy { by_pair, by_address, account_forgets_one_in, .. } = self.policy;
        self.count(keys.pair, now, by_pair.forgets_one_in, |count| by_pair.pause_after(count));
        if !self.familiar.contains_key(&keys.familiar) {
            self.count(keys.address, now, by_address.forgets_one_in, |count| by_address.pause_after(count));
            self.count(keys.account, now, account_forgets_one_in, |_| Duration::ZERO);
        }
    }

    pub(super) fn welcome(&self, attempt: &SignInAttempt) {
        let keys = Keys::of(attempt, "");
        self.failures.invalidate(&keys.pair);
        self.familiar.insert(keys.familiar, ());
    }

    pub(super) fn open(&self, attempt: &SignInAttempt) {
        let keys = Keys::of(attempt, "");
        self.failures.invalidate(&keys.account);
        self.told.invalidate(&keys.told);
        self.welcome(attempt);
    }

    fn pause(&self, key: &str, now: Instant) -> Duration {
        self.failures.get(key).map_or(Duration::ZERO, |failures| failures.paused_until.saturating_duration_since(now))
    }

    /// For how long too many failures of an account are remembered.
    fn locked_for(&self, key: &str, now: Instant) -> Option<Duration> {
        let each = self.policy.account_forgets_one_in;
        let failures = self.failures.get(key)?;
        let over = failures.count.checked_sub(self.policy.account_cap)?.saturating_add(1);
        let opens = failures.since + each * over;
        Some(opens.saturating_duration_since(now)).filter(|left| !left.is_zero())
    }

    fn count(&self, key: String, now: Instant, forgets_one_in: Duration, pause_after: impl Fn(u32) -> Duration) {
        self.failures.entry(key).and_upsert_with(|known| {
            let failures = known.map_or_else(|| Failures::none(now), moka::Entry::into_value);
            failures.with_another(now, forgets_one_in, pause_after)
        });
    }
}

/// Holds so many entries for so long; what was not used for the longest time is forgotten first.
fn bounded<V: Clone + Send + Sync + 'static>(entries: u64, time_to_live: Duration) -> Cache<String, V> {
    Cache::builder().max_capacity(entries).time_to_live(time_to_live).eviction_policy(EvictionPolicy::lru()).build()
}

#[async_trait]
impl SignInThrottle for InProcessSignInThrottle {
    async fn admit(&self, attempt: &SignInAttempt) -> Admission {
        self.may_try(attempt)
    }

    async fn failed(&self, attempt: &SignInAttempt) {
        self.count_failure(attempt);
    }

    async fn succeeded(&self, attempt: &SignInAttempt) {
        self.welcome(attempt);
    }

    async fn unlock(&self, attempt: &SignInAttempt) {
        self.open(attempt);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn failures_are_forgotten_one_after_the_other_however_often_one_is_added() {
        let begun = Instant::now();
        let at = |minutes: u32| begun + MINUTE * minutes;
        let pause = |count: u32| Duration::from_secs(u64::from(count));
        let mut failures = Failures::none(begun);
        for _ in 0..5 {
            failures = failures.with_another(begun, 10 * MINUTE, pause);
        }
        assert_eq!((failures.count, failures.paused_until), (5, begun + Duration::from_secs(5)));
        let counts = [0, 9, 10, 25, 49, 50, 1_000].map(|minutes| failures.left(at(minutes), 10 * MINUTE).count);
        assert_eq!(counts, [5, 5, 4, 3, 1, 0, 0]);
        // Half of the time to forget the next has passed, and is not lost.
        let more = failures.with_another(at(15), 10 * MINUTE, pause);
        assert_eq!((more.count, more.left(at(20), 10 * MINUTE).count), (5, 4));
        let again = failures.with_another(at(1_000), 10 * MINUTE, pause);
        assert_eq!((again.count, again.since), (1, at(1_000)));
    }

    #[test]
    fn a_failure_in_the_eyes_of_a_clock_that_is_behind_is_not_forgotten() {
        let now = Instant::now();
        let failures = Failures::none(now + MINUTE).with_another(now + MINUTE, MINUTE, |_| MINUTE);
        assert_eq!(failures.left(now, MINUTE).count, 1);
    }
}
