//! Throttles for sign-ins: in process, and shared through Redis. Both count the same way.
//!
//! Of a pair, an address or an account is kept how many attempts have failed, **since** when failures are forgotten, and
//! until when it pauses. One failure is forgotten after a while, then the next; with the last one all is forgotten.

mod in_process;
mod redis;

pub use in_process::InProcessSignInThrottle;
pub use redis::RedisSignInThrottle;
use tenon_application::identity::SignInAttempt;

/// The names of what is kept of an attempt. Addresses come first: they hold no separator, whatever account was typed.
struct Keys {
    pair: String,
    familiar: String,
    address: String,
    account: String,
    told: String,
}

impl Keys {
    fn of(attempt: &SignInAttempt, prefix: &str) -> Self {
        let (account, address) = (attempt.account(), attempt.address());
        Self {
            pair: format!("{prefix}pair:{address}|{account}"),
            familiar: format!("{prefix}familiar:{address}|{account}"),
            address: format!("{prefix}address:{address}"),
            account: format!("{prefix}account:{account}"),
            told: format!("{prefix}told:{account}"),
        }
    }
}
