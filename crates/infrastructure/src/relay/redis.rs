use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use tenon_application::ports::{RelayBell, RelayWaker};
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use crate::redis_link::{RedisLink, Signal, Subscription};
use crate::security::random_name;

/// Wakes every relay that shares the Redis, and one in the same process at once.
///
/// Waking never waits: wakes that come while one is being published are published as one after it.
#[derive(Debug)]
pub struct RedisRelay {
    link: RedisLink,
    channel: String,
    /// Told apart from others, so that the echo of an own wake does not ring the bell a second time.
    name: String,
    bell: Arc<Notify>,
    due: Arc<Notify>,
    /// Only processes that wait for the bell subscribe.
    subscription: OnceLock<Subscription>,
    _publisher: AbortOnDropHandle<()>,
}

impl RedisRelay {
    /// `prefix` comes before the name of the channel. Needs to be called in a Tokio runtime.
    pub fn new(link: RedisLink, prefix: &str) -> Self {
        let (channel, name) = (format!("{prefix}relay"), random_name());
        let (bell, due) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let publisher = tokio::spawn(publish(link.clone(), channel.clone(), name.clone(), Arc::clone(&due)));
        let _publisher = AbortOnDropHandle::new(publisher);
        Self { link, channel, name, bell, due, subscription: OnceLock::new(), _publisher }
    }

    fn subscribe(&self) -> Subscription {
        let (bell, name) = (Arc::clone(&self.bell), self.name.clone());
        Subscription::start(self.link.clone(), self.channel.clone(), move |signal| match signal {
            Signal::Message(waker) if waker == name => {}
            // After a gap there may have been wakes that were missed.
            Signal::Message(_) | Signal::Up => bell.notify_one(),
            Signal::Down => {}
        })
    }
}

async fn publish(link: RedisLink, channel: String, name: String, due: Arc<Notify>) {
    loop {
        due.notified().await;
        let published: Result<(), _> = link
            .call(async |mut connection| {
                redis::cmd("PUBLISH").arg(&channel).arg(&name).query_async(&mut connection).await
            })
            .await;
        if let Err(cause) = published {
            tracing::debug!(%cause, "the relay was not woken; it will find the events when it polls");
        }
    }
}

impl RelayWaker for RedisRelay {
    fn wake(&self) {
        self.bell.notify_one();
        self.due.notify_one();
    }
}

#[async_trait]
impl RelayBell for RedisRelay {
    async fn rung(&self) {
        self.subscription.get_or_init(|| self.subscribe());
        self.bell.notified().await;
    }
}
