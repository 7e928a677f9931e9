//! What every relay bell does.

use std::sync::Arc;
use std::time::Duration;

use tenon_application::ports::{RelayBell, RelayWaker};
use tokio::time::timeout;

const AT_ONCE: Duration = Duration::from_secs(1);
const QUIET: Duration = Duration::from_millis(200);

/// Whether the bell rings within the time.
pub async fn rings(bell: &dyn RelayBell, within: Duration) -> bool {
    timeout(within, bell.rung()).await.is_ok()
}

/// Waits until nobody rings anymore.
pub async fn silence(bell: &dyn RelayBell) {
    while rings(bell, QUIET).await {}
}

pub async fn a_wake_is_heard<R: RelayWaker + RelayBell + 'static>(relay: Arc<R>) {
    silence(&*relay).await;
    let waiting = Arc::clone(&relay);
    let heard = tokio::spawn(async move { rings(&*waiting, AT_ONCE).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    relay.wake();
    assert!(heard.await.is_ok_and(|heard| heard));
}

/// Wakes nobody waited for are remembered, as one, and ring nothing twice.
pub async fn many_wakes_ring_once<R: RelayWaker + RelayBell>(relay: Arc<R>) {
    silence(&*relay).await;
    for _ in 0..100 {
        relay.wake();
    }
    assert!(rings(&*relay, AT_ONCE).await);
    assert!(!rings(&*relay, QUIET).await);
}

pub async fn a_wake_is_heard_elsewhere(waker: Arc<dyn RelayWaker>, bell: Arc<dyn RelayBell>) {
    silence(&*bell).await;
    for _ in 0..20 {
        waker.wake();
        assert!(rings(&*bell, AT_ONCE).await);
    }
}
