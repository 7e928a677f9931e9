use std::time::Duration;

use futures::StreamExt;
use redis::aio::PubSub;
use redis::{Msg, RedisError};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::{CONNECT_TIMEOUT, RedisLink, RedisLinkError};

/// A silent subscription may be a dead one: it is asked this often.
const PING_EVERY: Duration = Duration::from_secs(1);
const FIRST_DELAY: Duration = Duration::from_millis(50);
const LONGEST_DELAY: Duration = Duration::from_secs(1);

/// What a subscription tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// From now on every message arrives. What was published before may have been missed.
    Up,
    /// From now on messages may be missed.
    Down,
    Message(String),
}

/// A subscription to one channel that comes back by itself. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Subscription {
    _task: AbortOnDropHandle<()>,
}

impl Subscription {
    /// Calls `listener` with every signal, in order. The listener must not block.
    pub(crate) fn start<L>(link: RedisLink, channel: String, mut listener: L) -> Self
    where
        L: FnMut(Signal) + Send + 'static,
    {
        let task = tokio::spawn(async move {
            let mut delay = FIRST_DELAY;
            loop {
                let cause = match subscribe(&link, &channel).await {
                    Ok(subscription) => {
                        delay = FIRST_DELAY;
                        listener(Signal::Up);
                        let cause = listen(subscription, &mut listener).await;
                        listener(Signal::Down);
                        cause
                    }
                    Err(cause) => cause,
                };
                tracing::warn!(channel, %cause, "the Redis subscription is down; trying again");
                tokio::time::sleep(delay).await;
                delay = (delay * 2).min(LONGEST_DELAY);
            }
        });
        Self { _task: AbortOnDropHandle::new(task) }
    }
}

async fn subscribe(link: &RedisLink, channel: &str) -> Result<PubSub, RedisLinkError> {
    let subscribing = async {
        let mut subscription = link.client.get_async_pubsub().await?;
        subscription.subscribe(channel).await?;
        Ok::<_, RedisError>(subscription)
    };
    match timeout(CONNECT_TIMEOUT, subscribing).await {
        Ok(subscription) => Ok(subscription?),
        Err(_) => Err(RedisLinkError::Timeout),
    }
}

/// Passes messages on until the connection is lost. Answers why it was.
async fn listen<L: FnMut(Signal)>(subscription: PubSub, listener: &mut L) -> RedisLinkError {
    let (mut sink, mut messages) = subscription.split();
    loop {
        match timeout(PING_EVERY, messages.next()).await {
            Ok(Some(message)) => pass_on(&message, listener),
            Ok(None) => return RedisError::from(std::io::Error::from(std::io::ErrorKind::UnexpectedEof)).into(),
            Err(_) => {
                // Answers to pings come in over the stream of messages, so both are polled together.
                let ping = sink.ping::<redis::Value>();
                tokio::pin!(ping);
                let answered = timeout(PING_EVERY, async {
                    loop {
                        tokio::select! {
                            answer = &mut ping => return answer,
                            message = messages.next() => match message {
                                Some(message) => pass_on(&message, listener),
                                None => return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
                            },
                        }
                    }
                });
                match answered.await {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => return error.into(),
                    Err(_) => return RedisLinkError::Timeout,
                }
            }
        }
    }
}

fn pass_on<L: FnMut(Signal)>(message: &Msg, listener: &mut L) {
    match message.get_payload::<String>() {
        Ok(payload) => listener(Signal::Message(payload)),
        Err(error) => tracing::warn!(%error, "an unreadable message was published to Redis"),
    }
}
