use async_trait::async_trait;
use tenon_application::ports::{RelayBell, RelayWaker};
use tokio::sync::Notify;

/// Wakes the relay of the same process. Wakes that nobody waited for yet are kept as one.
#[derive(Debug, Default)]
pub struct InProcessRelay {
    bell: Notify,
}

impl InProcessRelay {
    pub fn new() -> Self {
        Self::default()
    }
}

impl RelayWaker for InProcessRelay {
    fn wake(&self) {
        self.bell.notify_one();
    }
}

#[async_trait]
impl RelayBell for InProcessRelay {
    async fn rung(&self) {
        self.bell.notified().await;
    }
}
