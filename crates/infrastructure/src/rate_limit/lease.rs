//! Quota that was taken from Redis ahead of the requests that spend it, so that most of them cost no round trip.
//!
//! What is leased has been counted already, and lasts for [`LIFETIME`]: in any time, instances let through at most one
//! lease each beyond the quota, and leave at most one each of it unused.

use std::time::{Duration, Instant};

use tenon_application::ports::{RateDecision, RatePolicy};

/// The most requests that are taken at a time.
pub(super) const LONGEST: u32 = 64;
/// What is not spent by then is lost.
pub(super) const LIFETIME: Duration = Duration::from_secs(10);
/// A lease is a small part of the quota, and of what comes back while it lasts.
const PART_OF_QUOTA: u32 = 64;
const PART_OF_REFILL: u128 = 8;
/// Longer than a call to Redis takes, so that a request that was broken off while it asked holds up nobody for long.
const ASKING: Duration = Duration::from_secs(1);

/// How many requests may be taken at a time: one, where the quota is tight.
pub(super) fn longest(policy: &RatePolicy) -> u32 {
    let refill = LIFETIME.as_micros() * u128::from(policy.quota) / policy.window.as_micros().max(1);
    let refill = u32::try_from(refill / PART_OF_REFILL).unwrap_or(u32::MAX);
    (policy.quota / PART_OF_QUOTA).min(refill).clamp(1, LONGEST)
}

/// What Redis answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) granted: u32,
    pub(super) remaining: u32,
    pub(super) reset_after: Duration,
}

impl Grant {
    /// What that means for the one request that is about to be answered.
    pub(super) fn decision(self) -> RateDecision {
        let Self { granted, remaining, reset_after } = self;
        RateDecision { allowed: granted > 0, remaining: remaining + granted.saturating_sub(1), reset_after }
    }
}

/// What is to be done with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// It is decided without asking.
    Decided(RateDecision),
    /// So many are to be taken.
    Ask(u32),
}

/// What is left of the lease of one key.
#[derive(Debug)]
pub(super) struct Lease {
    left: u32,
    size: u32,
    ends: Instant,
    /// Since when Redis's answer is so.
    known_at: Instant,
    known: Grant,
    asking_until: Instant,
}

impl Lease {
    pub(super) fn new(now: Instant) -> Self {
        let known = Grant { granted: 1, remaining: 0, reset_after: Duration::ZERO };
        Self { left: 0, size: 1, ends: now, known_at: now, known, asking_until: now }
    }

    /// Spends one, or says how many to ask for.
    pub(super) fn spend(&mut self, policy: &RatePolicy, now: Instant) -> Course {
        let since = now.saturating_duration_since(self.known_at);
        let reset_after = self.known.reset_after.saturating_sub(since);
        if now < self.ends && self.left > 0 {
            self.left -= 1;
            return Course::Decided(RateDecision {
                allowed: true,
                remaining: self.remaining(policy, since),
                reset_after,
            });
        }
        if self.known.granted == 0 && !reset_after.is_zero() {
            return Course::Decided(RateDecision { allowed: false, remaining: 0, reset_after });
        }
        if now < self.asking_until {
            // Somebody takes the next lease already. One is enough.
            return Course::Ask(1);
        }
        let unspent = if now < self.ends { 0 } else { self.left };
        // Whoever spent it all in time gets twice as many, else as many as were of use.
        let spent_in_time = self.left == 0 && now < self.ends;
        let size = if spent_in_time { self.size.saturating_mul(2) } else { self.size.saturating_sub(unspent) };
        self.size = size.clamp(1, longest(policy));
        self.left = 0;
        self.asking_until = now + ASKING;
        Course::Ask(self.size)
    }

    /// Takes in what Redis answered when it was asked for `wanted`.
    pub(super) fn take(&mut self, wanted: u32, grant: Grant, now: Instant) {
        self.known = grant;
        self.known_at = now;
        if wanted == self.size {
            self.asking_until = now;
            // The request that asked is the first to spend it.
            self.left += grant.granted.saturating_sub(1);
            self.ends = now + LIFETIME;
        }
    }

    fn remaining(&self, policy: &RatePolicy, since: Duration) -> u32 {
        let refill = since.as_micros() * u128::from(policy.quota) / policy.window.as_micros().max(1);
        let refill = u32::try_from(refill).unwrap_or(u32::MAX);
        let remaining = self.known.remaining.saturating_add(refill).saturating_add(self.left);
        remaining.min(policy.quota.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENEROUS: RatePolicy = RatePolicy { name: "read", quota: 6_000, window: Duration::from_secs(60) };
    const SECOND: Duration = Duration::from_secs(1);

    fn grant(granted: u32, remaining: u32) -> Grant {
        Grant { granted, remaining, reset_after: SECOND }
    }

    /// How often so many requests ask, one after the other, and for how many.
    fn asked(lease: &mut Lease, requests: u32, now: Instant) -> Vec<u32> {
        let mut asked = Vec::new();
        for _ in 0..requests {
            match lease.spend(&GENEROUS, now) {
                Course::Ask(wanted) => {
                    asked.push(wanted);
                    lease.take(wanted, grant(wanted, 1_000), now);
                }
                Course::Decided(decision) => assert!(decision.allowed),
            }
        }
        asked
    }

    #[test]
    fn a_lease_is_a_small_part_of_a_generous_quota_and_nothing_of_a_tight_one() {
        let of = |quota, seconds| longest(&RatePolicy { name: "p", quota, window: Duration::from_secs(seconds) });
        assert_eq!([of(6_000, 60), of(3_000, 60), of(600, 60)], [64, 46, 9]);
        assert_eq!([of(20, 60), of(10, 600), of(127, 60), of(0, 60), of(5, 0)], [1; 5]);
        assert_eq!(of(6_000, 3_600), 2, "little comes back while it lasts");
        assert_eq!(of(u32::MAX, 1), LONGEST);
    }

    #[test]
    fn who_asks_much_gets_more_at_a_time() {
        let now = Instant::now();
        let mut lease = Lease::new(now);
        assert_eq!(asked(&mut lease, 1 + 2 + 4 + 8, now), [1, 2, 4, 8]);
        assert_eq!(asked(&mut lease, 1_000, now)[..4], [16, 32, 64, 64]);
    }

    #[test]
    fn what_is_not_spent_in_time_is_lost_and_the_next_lease_is_shorter() {
        let now = Instant::now();
        let mut lease = Lease::new(now);
        asked(&mut lease, 1 + 2 + 4 + 3, now);
        let later = now + LIFETIME;
        assert_eq!(asked(&mut lease, 1, later), [3], "of 8, three were of use");
        assert!(asked(&mut lease, 2, later).is_empty());
        assert_eq!(asked(&mut lease, 1, later), [6]);
    }

    #[test]
    fn one_request_takes_the_lease_and_those_beside_it_one_each() {
        let now = Instant::now();
        let mut lease = Lease::new(now);
        asked(&mut lease, 1 + 2 + 4, now);
        assert_eq!(lease.spend(&GENEROUS, now), Course::Ask(8));
        assert_eq!(lease.spend(&GENEROUS, now), Course::Ask(1));
        lease.take(1, grant(1, 990), now);
        lease.take(8, grant(8, 982), now);
        assert_eq!(lease.left, 7);
        // A request that never came back does not make leases impossible.
        asked(&mut lease, 7, now);
        assert_eq!(lease.spend(&GENEROUS, now), Course::Ask(16));
        assert_eq!(lease.spend(&GENEROUS, now), Course::Ask(1));
        assert_eq!(lease.spend(&GENEROUS, now + ASKING), Course::Ask(32));
    }

    #[test]
    fn a_refusal_is_remembered_until_the_next_request_is_allowed() {
        let now = Instant::now();
        let mut lease = Lease::new(now);
        assert_eq!(lease.spend(&GENEROUS, now), Course::Ask(1));
        lease.take(1, grant(0, 0), now);
        let half = SECOND / 2;
        let refused = RateDecision { allowed: false, remaining: 0, reset_after: half };
        assert_eq!(lease.spend(&GENEROUS, now + half), Course::Decided(refused));
        assert!(matches!(lease.spend(&GENEROUS, now + SECOND), Course::Ask(_)));
    }

    #[test]
    fn what_remains_counts_the_lease_and_what_came_back() {
        let now = Instant::now();
        let mut lease = Lease::new(now);
        asked(&mut lease, 1 + 2 + 1, now);
        assert_eq!(grant(4, 1_000).decision().remaining, 1_003);
        let Course::Decided(next) = lease.spend(&GENEROUS, now) else { panic!("there is a lease") };
        assert_eq!(next.remaining, 1_002);
        let Course::Decided(later) = lease.spend(&GENEROUS, now + SECOND) else { panic!("there is a lease") };
        assert_eq!((later.remaining, later.reset_after), (1_101, Duration::ZERO));
    }
}
