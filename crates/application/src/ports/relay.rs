use async_trait::async_trait;

/// Tells the relay that events were committed, wherever it runs. Best effort: the relay also polls.
pub trait RelayWaker: Send + Sync {
    fn wake(&self);
}

/// The relay's side of [`RelayWaker`].
#[async_trait]
pub trait RelayBell: Send + Sync {
    /// Returns as soon as somebody woke the relay since the last call.
    async fn rung(&self);
}
