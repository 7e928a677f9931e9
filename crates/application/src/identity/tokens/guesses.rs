//! Texts that look like personal access tokens, and that nobody was given: anybody can make them up, and each is looked for
//! in the database.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use tenon_domain::Timestamp;

use crate::error::AppError;
use crate::identity::network;
use crate::ports::{RateLimiter, RatePolicy};

/// How many networks are kept in mind that guessed too often. Of further ones each guess is looked for.
const REMEMBERED: usize = 10_000;

/// Counts guesses by where they come from, and stops who made too many before the next one is looked for. Tokens that are
/// found cost nothing: many programs may share an address.
#[derive(Clone, Default)]
pub struct TokenGuesses {
    limit: Option<(Arc<dyn RateLimiter>, RatePolicy)>,
    stopped: Arc<Mutex<HashMap<String, Timestamp>>>,
}

/// Where a token comes from, and when.
#[derive(Clone, Copy, Debug)]
pub(in crate::identity) struct Sent {
    pub(in crate::identity) from: Option<IpAddr>,
    pub(in crate::identity) at: Timestamp,
}

impl Sent {
    fn network(self) -> String {
        self.from.map(network).unwrap_or_default()
    }
}

impl TokenGuesses {
    pub fn limited(limiter: Arc<dyn RateLimiter>, policy: RatePolicy) -> Self {
        Self { limit: Some((limiter, policy)), stopped: Arc::default() }
    }

    /// Refuses who guessed too often.
    pub(super) fn check(&self, sent: Sent) -> Result<(), AppError> {
        if self.limit.is_none() {
            return Ok(());
        }
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let left = stopped.get(&sent.network()).and_then(|until| (*until - sent.at).to_std().ok());
        match left.filter(|left| !left.is_zero()) {
            Some(retry_after) => Err(AppError::TooManyAttempts { retry_after }),
            None => Ok(()),
        }
    }

    /// Counts one that nobody was given.
    pub(super) async fn count(&self, sent: Sent) {
        let Some((limiter, policy)) = &self.limit else { return };
        let network = sent.network();
        let decision = limiter.check(policy, &network).await;
        // The last one that is allowed is the last one that is looked for.
        if decision.remaining > 0 {
            return;
        }
        let each = policy.window / policy.quota.max(1);
        let pause = if decision.allowed { each } else { decision.reset_after };
        let until = sent.at + TimeDelta::from_std(pause).unwrap_or_default();
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        if stopped.len() >= REMEMBERED {
            stopped.retain(|_, until| sent.at < *until);
        }
        if stopped.len() < REMEMBERED {
            stopped.insert(network, until);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use async_trait::async_trait;

    use super::*;
    use crate::in_memory::at;
    use crate::ports::RateDecision;

    /// Allows three a minute, and never more.
    #[derive(Default)]
    struct Three(Mutex<HashMap<String, u32>>);

    #[async_trait]
    impl RateLimiter for Three {
        async fn check(&self, _: &RatePolicy, key: &str) -> RateDecision {
            let mut counts = self.0.lock().unwrap();
            let count = counts.entry(key.to_owned()).or_default();
            *count += 1;
            let (allowed, remaining) = (*count <= 3, 3_u32.saturating_sub(*count));
            RateDecision { allowed, remaining, reset_after: Duration::from_secs(20) }
        }
    }

    fn sent(from: &str, minute: i64) -> Sent {
        Sent { from: Some(from.parse().unwrap()), at: at(minute) }
    }

    #[tokio::test]
    async fn who_guesses_too_often_is_stopped_for_a_while_and_nobody_else() {
        let policy = RatePolicy { name: "auth", quota: 3, window: Duration::from_secs(60) };
        let guesses = TokenGuesses::limited(Arc::new(Three::default()), policy);
        for _ in 0..3 {
            guesses.check(sent("2001:db8::1", 0)).unwrap();
            guesses.count(sent("2001:db8::1", 0)).await;
        }
        let retry_after = Duration::from_secs(20);
        let stopped = Err(AppError::TooManyAttempts { retry_after });
        assert_eq!(guesses.check(sent("2001:db8::2", 0)), stopped, "a network has many addresses");
        assert_eq!(guesses.check(sent("192.0.2.1", 0)), Ok(()));
        assert_eq!(guesses.check(sent("2001:db8::1", 1)), Ok(()), "after a while");
        guesses.count(sent("2001:db8::1", 1)).await;
        assert_eq!(guesses.check(sent("2001:db8::1", 1)), stopped, "one more, and the next has to wait");
    }

    #[tokio::test]
    async fn without_a_limit_nobody_is_stopped() {
        let guesses = TokenGuesses::default();
        for _ in 0..100 {
            guesses.count(sent("192.0.2.1", 0)).await;
        }
        assert_eq!(guesses.check(sent("192.0.2.1", 0)), Ok(()));
    }
}
