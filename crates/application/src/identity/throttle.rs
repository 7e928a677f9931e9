//! Slowing down who guesses passwords, without locking out whose passwords they are.
//!
//! Attempts that fail are counted three times: for the **pair** of account and client address, for the address, and
//! for the account. Each further failure of a pair or an address costs a longer pause. An account has a **cap**, high
//! above what a person needs; beyond it, it is **locked** for all addresses but those that it is **familiar** with,
//! because it was signed in to from there, until some failures are forgotten or its owner opens a mailed link. A
//! familiar address pauses only for its own failures with that account, and what fails there counts for nobody else.
//!
//! Whether an account exists makes no difference to any of it.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use async_trait::async_trait;
use tenon_domain::identity::Email;

/// Which account somebody tries to get into, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInAttempt {
    account: String,
    address: String,
}

impl SignInAttempt {
    /// `email` is whatever was typed.
    pub fn new(email: &str, ip: Option<&str>) -> Self {
        // No account has a longer address; what is longer shares one count.
        let account: String = email.trim().chars().take(Email::MAX_CHARS).collect();
        let address = ip.map(|ip| ip.parse::<IpAddr>().map_or_else(|_| ip.to_owned(), network));
        Self { account: account.to_lowercase(), address: address.unwrap_or_else(|| "unknown".to_owned()) }
    }

    pub fn account(&self) -> &str {
        &self.account
    }

    pub fn address(&self) -> &str {
        &self.address
    }
}

/// What a client is counted by: an IPv4 address, or the network of an IPv6 one, as whoever has one of those has all of
/// its addresses.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V6(address) => format!("{}/64", Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        IpAddr::V4(address) => address.to_string(),
    }
}

/// How failures slow down what follows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// So many failures cost nothing.
    pub free: u32,
    /// The pause after the first failure beyond. Each further one doubles it.
    pub first_pause: Duration,
    pub longest_pause: Duration,
    /// How long it takes to forget one failure; then the next is forgotten, and so on.
    pub forgets_one_in: Duration,
}

impl Backoff {
    /// Beyond so many doublings any pause is as long as it gets.
    pub const DOUBLINGS: u32 = 30;

    /// The pause after so many failures.
    pub fn pause_after(&self, failures: u32) -> Duration {
        match failures.checked_sub(self.free.saturating_add(1)) {
            Some(beyond) => self.first_pause.saturating_mul(1 << beyond.min(Self::DOUBLINGS)).min(self.longest_pause),
            None => Duration::ZERO,
        }
    }
}

/// How much of what is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInPolicy {
    pub by_pair: Backoff,
    pub by_address: Backoff,
    /// So many failures lock an account.
    pub account_cap: u32,
    /// How long it takes to forget one failure of an account.
    pub account_forgets_one_in: Duration,
    /// How long an address stays familiar after it was last signed in from.
    pub familiar_for: Duration,
    /// The owner of a locked account is told once in this time.
    pub tells_once_in: Duration,
}

impl Default for SignInPolicy {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        let backoff = |free, forgets_one_in| Backoff {
            free,
            first_pause: Duration::from_secs(2),
            longest_pause: 15 * MINUTE,
            forgets_one_in,
        };
        Self {
            by_pair: backoff(5, 15 * MINUTE),
            by_address: backoff(100, MINUTE),
            account_cap: 100,
            account_forgets_one_in: 15 * MINUTE,
            familiar_for: 90 * 24 * 60 * MINUTE,
            tells_once_in: 60 * MINUTE,
        }
    }
}

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    Admitted,
    /// Too many failed: not for this long.
    Paused(Duration),
    /// The account takes no attempts from here for this long. `tell`: its owner has not been told lately.
    Locked {
        retry_after: Duration,
        tell: bool,
    },
}

/// Counts failed attempts to prove who one is with a password. When its shared store is away it counts in process:
/// never open, never shut.
#[async_trait]
pub trait SignInThrottle: Send + Sync {
    /// Whether the attempt may be made now. Counts nothing, but only one of those who hear that an account is locked
    /// hears `tell`.
    async fn admit(&self, attempt: &SignInAttempt) -> Admission;
    /// Counts an attempt that failed.
    async fn failed(&self, attempt: &SignInAttempt);
    /// Forgets what failed for this pair, and makes the account familiar with the address.
    async fn succeeded(&self, attempt: &SignInAttempt);
    /// Does the same, and forgets what failed for the account altogether, because its owner says so.
    async fn unlock(&self, attempt: &SignInAttempt);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_beyond_the_free_failures_and_have_an_end() {
        let backoff = SignInPolicy::default().by_pair;
        let pauses: Vec<_> = (0..=16).map(|failures| backoff.pause_after(failures).as_secs()).collect();
        assert_eq!(pauses, [0, 0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        assert_eq!(backoff.pause_after(u32::MAX), backoff.longest_pause);
    }

    #[test]
    fn an_account_is_the_same_however_its_address_is_typed() {
        let attempt = SignInAttempt::new(" Ada@Example.COM ", Some("192.0.2.1"));
        assert_eq!(attempt, SignInAttempt::new("ada@example.com", Some("192.0.2.1")));
        assert_eq!((attempt.account(), attempt.address()), ("ada@example.com", "192.0.2.1"));
        let endless = SignInAttempt::new(&"é".repeat(10_000), None);
        assert_eq!((endless.account().chars().count(), endless.address()), (Email::MAX_CHARS, "unknown"));
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let address = |ip| SignInAttempt::new("ada@example.com", Some(ip)).address().to_owned();
        assert_eq!(address("2001:db8:0:1::1"), "2001:db8:0:1::/64");
        assert_eq!(address("2001:db8:0:1:ffff::2"), address("2001:db8:0:1::1"));
        assert_ne!(address("2001:db8:0:2::1"), address("2001:db8:0:1::1"));
        assert_ne!(address("192.0.2.2"), address("192.0.2.1"));
        assert_eq!(address("::ffff:192.0.2.2"), "192.0.2.2", "not of one network with all others");
    }
}
