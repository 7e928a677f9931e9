use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::flights::Flights;
use crate::error::AppError;
use crate::ports::{Cache, Lookup};

/// A cache that is filled by its readers. Of those who miss the same thing at the same time, one asks the database.
pub(super) struct ReadThrough {
    cache: Arc<dyn Cache>,
    flights: Flights,
}

/// What was found in the database.
pub(super) struct Loaded {
    pub(super) text: Arc<str>,
    time_to_live: Option<Duration>,
}

impl Loaded {
    pub(super) fn new(text: impl Into<Arc<str>>, time_to_live: Duration) -> Self {
        Self { text: text.into(), time_to_live: Some(time_to_live) }
    }

    /// For those who ask now, and nobody later.
    pub(super) fn unkept(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), time_to_live: None }
    }
}

impl ReadThrough {
    pub(super) fn new(cache: Arc<dyn Cache>) -> Self {
        Self { cache, flights: Flights::default() }
    }

    pub(super) async fn get<L, F>(&self, key: &str, load: L) -> Result<Arc<str>, AppError>
    where
        L: Fn() -> F,
        F: Future<Output = Result<Loaded, AppError>>,
    {
        let ticket = match self.cache.get(key).await {
            Lookup::Found(text) => return Ok(text),
            Lookup::Missing(ticket) => ticket,
        };
        let fly = || async {
            let Loaded { text, time_to_live } = load().await?;
            if let Some(time_to_live) = time_to_live {
                self.cache.fill(key, ticket, &text, time_to_live).await;
            }
            Ok(text)
        };
        // Who looked after a change has another ticket than those who looked before it, and never shares their answer.
        self.flights.join(key, ticket, fly).await
    }

    pub(super) async fn forget(&self, keys: &[String]) {
        self.cache.invalidate(keys).await;
    }
}
