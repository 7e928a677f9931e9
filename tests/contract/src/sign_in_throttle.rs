//! What every [`SignInThrottle`] does.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::Duration;

use tenon_application::identity::{Admission, Backoff, SignInAttempt, SignInPolicy, SignInThrottle};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const SLOW: Backoff =
    Backoff { free: 2, first_pause: MINUTE, longest_pause: Duration::from_secs(100), forgets_one_in: HOUR };

/// Nothing of it passes during a test.
pub const LASTING: SignInPolicy = SignInPolicy {
    by_pair: SLOW,
    by_address: Backoff { free: 4, ..SLOW },
    account_cap: 6,
    account_forgets_one_in: HOUR,
    familiar_for: HOUR,
    tells_once_in: HOUR,
};

const QUICK: Backoff = Backoff {
    free: 0,
    first_pause: Duration::from_millis(500),
    longest_pause: Duration::from_millis(500),
    forgets_one_in: Duration::from_millis(800),
};

/// All of it passes while one waits.
pub const PASSING: SignInPolicy = SignInPolicy {
    by_pair: QUICK,
    by_address: Backoff { free: 100, ..QUICK },
    account_cap: 1,
    account_forgets_one_in: Duration::from_millis(800),
    familiar_for: HOUR,
    tells_once_in: HOUR,
};

fn attempt(name: &str, host: u32) -> SignInAttempt {
    SignInAttempt::new(&format!("{name}@example.com"), Some(&format!("192.0.2.{host}")))
}

async fn fail(throttle: &Arc<dyn SignInThrottle>, times: u32, attempt: &SignInAttempt) {
    for _ in 0..times {
        throttle.failed(attempt).await;
    }
}

/// Fails as often as locks the account, each time from another address.
async fn lock(throttle: &Arc<dyn SignInThrottle>, name: &str) {
    for host in 100..100 + LASTING.account_cap {
        throttle.failed(&attempt(name, host)).await;
    }
}

async fn is_admitted(throttle: &Arc<dyn SignInThrottle>, attempt: &SignInAttempt) -> bool {
    throttle.admit(attempt).await == Admission::Admitted
}

/// For how long it pauses, which is about as long as expected.
fn assert_pause(admission: Admission, expected: Duration) {
    let Admission::Paused(pause) = admission else { panic!("{admission:?}") };
    assert!(pause <= expected && pause > expected - Duration::from_secs(5), "{pause:?} for {expected:?}");
}

pub async fn a_pair_pauses_longer_and_longer(throttle: Arc<dyn SignInThrottle>) {
    let ada = attempt("ada", 1);
    fail(&throttle, 2, &ada).await;
    assert!(is_admitted(&throttle, &ada).await);
    fail(&throttle, 1, &ada).await;
    assert_pause(throttle.admit(&ada).await, MINUTE);
    assert_pause(throttle.admit(&ada).await, MINUTE);
    fail(&throttle, 1, &ada).await;
    assert_pause(throttle.admit(&ada).await, SLOW.longest_pause);
    assert!(is_admitted(&throttle, &attempt("ada", 2)).await, "not from elsewhere");
    assert!(is_admitted(&throttle, &attempt("bob", 1)).await, "not with another account");
}

pub async fn a_success_forgets_what_failed_for_the_pair(throttle: Arc<dyn SignInThrottle>) {
    let ada = attempt("ada", 1);
    fail(&throttle, 3, &ada).await;
    throttle.succeeded(&ada).await;
    assert!(is_admitted(&throttle, &ada).await);
    fail(&throttle, 2, &ada).await;
    assert!(is_admitted(&throttle, &ada).await);
    fail(&throttle, 1, &ada).await;
    assert_pause(throttle.admit(&ada).await, MINUTE);
}

pub async fn an_address_pauses_for_accounts_it_is_not_familiar_with(throttle: Arc<dyn SignInThrottle>) {
    let bob = attempt("bob", 1);
    throttle.succeeded(&bob).await;
    for name in ["ada", "eve", "dan", "kim", "lea"] {
        fail(&throttle, 1, &attempt(name, 1)).await;
    }
    assert_pause(throttle.admit(&attempt("new", 1)).await, MINUTE);
    assert!(is_admitted(&throttle, &bob).await, "it does not keep out who has been here before");
    assert!(is_admitted(&throttle, &attempt("new", 2)).await);
}

pub async fn what_fails_at_a_familiar_address_counts_for_that_pair_alone(throttle: Arc<dyn SignInThrottle>) {
    let ada = attempt("ada", 1);
    throttle.succeeded(&ada).await;
    fail(&throttle, 10, &ada).await;
    assert_pause(throttle.admit(&ada).await, SLOW.longest_pause);
    assert!(is_admitted(&throttle, &attempt("bob", 1)).await);
    assert!(is_admitted(&throttle, &attempt("ada", 2)).await);
}

pub async fn a_locked_account_takes_familiar_addresses_only(throttle: Arc<dyn SignInThrottle>) {
    let home = attempt("ada", 1);
    throttle.succeeded(&home).await;
    lock(&throttle, "ada").await;
    for first in [true, false] {
        let Admission::Locked { retry_after, tell } = throttle.admit(&attempt("ada", 2)).await else {
            panic!("it is not locked");
        };
        assert!(retry_after <= HOUR && retry_after > HOUR - MINUTE, "{retry_after:?}");
        assert_eq!(tell, first, "the owner is told once");
    }
    assert!(is_admitted(&throttle, &home).await);
    assert!(is_admitted(&throttle, &attempt("bob", 2)).await);
}

pub async fn unlocking_opens_an_account_and_makes_the_address_familiar(throttle: Arc<dyn SignInThrottle>) {
    let phone = attempt("ada", 1);
    fail(&throttle, 3, &phone).await;
    lock(&throttle, "ada").await;
    assert!(matches!(throttle.admit(&phone).await, Admission::Locked { tell: true, .. }));
    throttle.unlock(&phone).await;
    assert!(is_admitted(&throttle, &phone).await);
    assert!(is_admitted(&throttle, &attempt("ada", 2)).await);
    lock(&throttle, "ada").await;
    assert!(is_admitted(&throttle, &phone).await);
    let anew = throttle.admit(&attempt("ada", 2)).await;
    assert!(matches!(anew, Admission::Locked { tell: true, .. }), "{anew:?}");
}

/// With [`PASSING`].
pub async fn what_is_promised_is_kept(throttle: Arc<dyn SignInThrottle>) {
    let margin = Duration::from_millis(10);
    let ada = attempt("ada", 1);
    throttle.succeeded(&ada).await;
    fail(&throttle, 1, &ada).await;
    let Admission::Paused(pause) = throttle.admit(&ada).await else { panic!("no pause") };
    tokio::time::sleep(pause + margin).await;
    assert!(is_admitted(&throttle, &ada).await);

    fail(&throttle, 1, &attempt("bob", 1)).await;
    let Admission::Locked { retry_after, .. } = throttle.admit(&attempt("bob", 2)).await else { panic!("not locked") };
    tokio::time::sleep(retry_after + margin).await;
    assert!(is_admitted(&throttle, &attempt("bob", 2)).await);
}

pub async fn every_one_of_many_failures_is_counted(throttles: Vec<Arc<dyn SignInThrottle>>) {
    let failures: Vec<_> = (0..LASTING.account_cap)
        .map(|host| {
            let throttle = Arc::clone(&throttles[host as usize % throttles.len()]);
            tokio::spawn(async move { throttle.failed(&attempt("ada", host)).await })
        })
        .collect();
    for failure in failures {
        failure.await.unwrap();
    }
    let mut tells = 0;
    for throttle in &throttles {
        let Admission::Locked { tell, .. } = throttle.admit(&attempt("ada", 99)).await else { panic!("not locked") };
        tells += u32::from(tell);
    }
    assert_eq!(tells, 1);
}
