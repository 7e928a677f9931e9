use std::time::Duration;

use async_trait::async_trait;
use redis::Script;
use tenon_application::identity::{Admission, Backoff, SignInAttempt, SignInPolicy, SignInThrottle};

use super::{InProcessSignInThrottle, Keys};
use crate::redis_link::{RedisLink, RedisLinkError};

/// Counts in Redis, for all instances together, in one round trip. Counts in process while Redis is away.
#[derive(Debug)]
pub struct RedisSignInThrottle {
    link: RedisLink,
    prefix: String,
    policy: SignInPolicy,
    admit: Script,
    failed: Script,
    fallback: InProcessSignInThrottle,
}

impl RedisSignInThrottle {
    /// `prefix` comes before every key.
    pub fn new(link: RedisLink, prefix: &str, policy: SignInPolicy) -> Self {
        Self {
            link,
            prefix: format!("{prefix}sign-in:"),
            policy,
            admit: Script::new(include_str!("admit.lua")),
            failed: Script::new(include_str!("failed.lua")),
            fallback: InProcessSignInThrottle::new(policy),
        }
    }

    fn keys(&self, attempt: &SignInAttempt) -> Keys {
        Keys::of(attempt, &self.prefix)
    }

    /// Forgets these keys, and remembers that the pair is familiar.
    async fn forget(&self, forgotten: Vec<String>, familiar: String) {
        let stays = milliseconds(self.policy.familiar_for);
        let told: Result<(), _> = self
            .link
            .call(async |mut connection| {
                redis::pipe().atomic().del(&forgotten).pset_ex(&familiar, 1, stays).exec_async(&mut connection).await
            })
            .await;
        if let Err(cause) = told {
            fall_back(&cause);
        }
    }
}

#[async_trait]
impl SignInThrottle for RedisSignInThrottle {
    async fn admit(&self, attempt: &SignInAttempt) -> Admission {
        let keys = self.keys(attempt);
        let mut invocation = self.admit.prepare_invoke();
        invocation
            .key(keys.pair)
            .key(keys.familiar)
            .key(keys.address)
            .key(keys.account)
            .key(keys.told)
            .arg(self.policy.account_cap)
            .arg(milliseconds(self.policy.account_forgets_one_in))
            .arg(milliseconds(self.policy.tells_once_in));
        let answer: Result<(u8, u64, bool), _> =
            self.link.call(async |mut connection| invocation.invoke_async(&mut connection).await).await;
        match answer {
            Ok((0, ..)) => Admission::Admitted,
            Ok((1, pause, _)) => Admission::Paused(Duration::from_millis(pause)),
            Ok((_, left, tell)) => Admission::Locked { retry_after: Duration::from_millis(left), tell },
            Err(cause) => {
                fall_back(&cause);
                self.fallback.may_try(attempt)
            }
        }
    }

    async fn failed(&self, attempt: &SignInAttempt) {
        let keys = self.keys(attempt);
        let mut invocation = self.failed.prepare_invoke();
        invocation.key(keys.pair).key(keys.familiar).key(keys.address).key(keys.account);
        for Backoff { free, first_pause, longest_pause, forgets_one_in } in
            [self.policy.by_pair, self.policy.by_address]
        {
            invocation.arg(free);
            for time in [first_pause, longest_pause, forgets_one_in] {
                invocation.arg(milliseconds(time));
            }
        }
        invocation.arg(milliseconds(self.policy.account_forgets_one_in));
        let counted: Result<(), _> =
            self.link.call(async |mut connection| invocation.invoke_async(&mut connection).await).await;
        if let Err(cause) = counted {
            fall_back(&cause);
            self.fallback.count_failure(attempt);
        }
    }

    async fn succeeded(&self, attempt: &SignInAttempt) {
        // Here, too: what is familiar stays so while Redis is away.
        self.fallback.welcome(attempt);
        let keys = self.keys(attempt);
        self.forget(vec![keys.pair], keys.familiar).await;
    }

    async fn unlock(&self, attempt: &SignInAttempt) {
        self.fallback.open(attempt);
        let keys = self.keys(attempt);
        self.forget(vec![keys.pair, keys.account, keys.told], keys.familiar).await;
    }
}

fn fall_back(cause: &RedisLinkError) {
    tracing::debug!(%cause, "counting sign-ins in process");
}

/// At least one: Redis keeps nothing for no time, and the scripts divide by it.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1)
}
