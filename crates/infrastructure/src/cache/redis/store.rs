//! What is asked of Redis, one round trip each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redis::aio::ConnectionManager;
use redis::{RedisResult, Script};
use tenon_application::ports::Ticket;

use crate::redis_link::{RedisLink, RedisLinkError};

/// How long the trace of an invalidation stays: longer than any statement of the database may take (30 s).
pub(super) const TOMBSTONE: Duration = Duration::from_secs(60);
/// How many keys a scan visits at once.
const SCAN_COUNT: usize = 1000;

/// What is kept under a key: `<stamp>:<value>`, or only a stamp where it was invalidated.
pub(super) enum Held {
    /// A value and how long it is still good.
    Value(Arc<str>, Duration),
    Nothing(Ticket),
}

/// The cache's keys in Redis. Callers see keys without the prefix.
pub(super) struct Store {
    link: RedisLink,
    prefix: String,
    channel: String,
    put: Script,
    fill: Script,
    invalidate: Script,
    /// The server's latest time that was told, in microseconds.
    told: AtomicU64,
}

/// Whether a call may be refused at once while Redis is known to be away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Persistence {
    Resting,
    Insisting,
}

/// When a put was made.
#[derive(Clone, Copy, Debug)]
pub(super) enum Made {
    /// This long before it is sent. It looks newer by the time that it takes to reach the server.
    Ago(Duration),
    /// At this time of the server, in microseconds.
    At(u64),
}

/// The server's time, at an instant at which it was already past.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerTime {
    microseconds: u64,
    past_at: Instant,
}

impl ServerTime {
    /// An earlier instant in the server's time, or a little before it, but never after it.
    pub(super) fn at(self, earlier: Instant) -> u64 {
        self.microseconds.saturating_sub(microseconds(self.past_at.saturating_duration_since(earlier)))
    }
}

impl Store {
    pub(super) fn new(link: RedisLink, prefix: &str) -> Self {
        Self {
            link,
            prefix: format!("{prefix}cache:"),
            channel: format!("{prefix}cache:invalidations"),
            put: Script::new(include_str!("put.lua")),
            fill: Script::new(include_str!("fill.lua")),
            invalidate: Script::new(include_str!("invalidate.lua")),
            told: AtomicU64::new(0),
        }
    }

    /// Where instances are told which keys have changed: their names, a line each.
    pub(super) fn channel(&self) -> &str {
        &self.channel
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    pub(super) async fn read(&self, key: &str) -> Result<Held, RedisLinkError> {
        let key = self.key(key);
        let (held, left): (Option<String>, i64) = self
            .link
            .call(async |mut connection| {
                redis::pipe().get(&key).cmd("PTTL").arg(&key).query_async(&mut connection).await
            })
            .await?;
        let held = held.unwrap_or_default();
        Ok(match held.split_once(':') {
            Some((_, value)) => Held::Value(value.into(), Duration::from_millis(u64::try_from(left).unwrap_or(0))),
            None => Held::Nothing(Ticket::new(held.parse().unwrap_or(0))),
        })
    }

    pub(super) async fn fill(
        &self,
        key: &str,
        ticket: Ticket,
        value: &str,
        time_to_live: Duration,
    ) -> Result<(), RedisLinkError> {
        let mut invocation = self.fill.prepare_invoke();
        invocation.key(self.key(key)).arg(value).arg(milliseconds(time_to_live)).arg(ticket.stamp().to_string());
        self.link.call(async |mut connection| invocation.invoke_async(&mut connection).await).await
    }

    pub(super) async fn put(
        &self,
        key: &str,
        value: &str,
        made: Made,
        time_to_live: Duration,
        persistence: Persistence,
    ) -> Result<(), RedisLinkError> {
        let (age, made_at) = match made {
            Made::Ago(age) => (microseconds(age), None),
            Made::At(time) => (0, Some(time)),
        };
        let mut invocation = self.put.prepare_invoke();
        invocation
            .key(self.key(key))
            .arg(value)
            .arg(milliseconds(time_to_live))
            .arg(made_at.map_or_else(String::new, |time| time.to_string()))
            .arg(age)
            .arg(&self.channel)
            .arg(key);
        let call = async |mut connection: ConnectionManager| invocation.invoke_async(&mut connection).await;
        self.write(call, persistence).await
    }

    /// A time of the server that is past, in microseconds: no write that is made now is older. 0 when none was told.
    pub(super) fn past(&self) -> u64 {
        self.told.load(Ordering::SeqCst)
    }

    pub(super) async fn invalidate<K: AsRef<str>>(
        &self,
        keys: &[K],
        persistence: Persistence,
    ) -> Result<(), RedisLinkError> {
        let mut invocation = self.invalidate.prepare_invoke();
        invocation.arg(&self.channel).arg(milliseconds(TOMBSTONE));
        for key in keys {
            invocation.key(self.key(key.as_ref())).arg(key.as_ref());
        }
        let call = async |mut connection: ConnectionManager| invocation.invoke_async(&mut connection).await;
        self.write(call, persistence).await
    }

    pub(super) async fn time(&self) -> Result<ServerTime, RedisLinkError> {
        let ask = async |mut connection: ConnectionManager| redis::cmd("TIME").query_async(&mut connection).await;
        let (seconds, microseconds): (u64, u64) = self.link.attempt(ask).await?;
        Ok(ServerTime { microseconds: seconds * 1_000_000 + microseconds, past_at: Instant::now() })
    }

    /// Some of all keys, and where to go on; 0 where there are no more.
    pub(super) async fn scan(&self, cursor: u64) -> Result<(u64, Vec<String>), RedisLinkError> {
        let (next, keys): (u64, Vec<String>) = self
            .link
            .attempt(async |mut connection| {
                let mut scan = redis::cmd("SCAN");
                scan.arg(cursor).arg("MATCH").arg(format!("{}*", self.prefix)).arg("COUNT").arg(SCAN_COUNT);
                scan.query_async(&mut connection).await
            })
            .await?;
        let own = |key: String| key.strip_prefix(&self.prefix).map(str::to_owned);
        Ok((next, keys.into_iter().filter_map(own).collect()))
    }

    /// Runs a script that answers the server's time.
    async fn write<F: Future<Output = RedisResult<u64>>>(
        &self,
        call: impl FnOnce(ConnectionManager) -> F,
        persistence: Persistence,
    ) -> Result<(), RedisLinkError> {
        let time = match persistence {
            Persistence::Resting => self.link.call(call).await?,
            Persistence::Insisting => self.link.attempt(call).await?,
        };
        self.told.fetch_max(time, Ordering::SeqCst);
        Ok(())
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1)
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
