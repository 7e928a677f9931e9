use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use tenon_domain::{OrganizationId, Timestamp, TokenId};
use tokio::sync::Semaphore;

use super::TokenArchive;

/// How long a further use of a token is not worth noting.
const PAUSE: TimeDelta = TimeDelta::minutes(1);
/// How many tokens are kept in mind. Uses of further ones in the same minute are not noted.
const REMEMBERED: usize = 10_000;
/// How many uses are written at a time. A use beyond is not noted: a later request of the token's is.
const WRITES: usize = 4;

/// Notes when tokens are used: each at most once a minute, and without the request waiting for it.
#[derive(Clone)]
pub struct TokenUses {
    archive: Arc<dyn TokenArchive>,
    noted: Arc<Mutex<Noted>>,
    writes: Arc<Semaphore>,
}

#[derive(Default)]
struct Noted {
    last: HashMap<TokenId, Timestamp>,
    swept_at: Timestamp,
}

impl Noted {
    /// Whether this use is to be written, which counts as done then.
    fn take(&mut self, token: TokenId, now: Timestamp) -> bool {
        if self.last.get(&token).is_some_and(|last| now < *last + PAUSE) {
            return false;
        }
        if self.last.len() >= REMEMBERED && self.swept_at + PAUSE <= now {
            self.last.retain(|_, last| now < *last + PAUSE);
            self.swept_at = now;
        }
        let has_room = self.last.len() < REMEMBERED || self.last.contains_key(&token);
        if has_room {
            self.last.insert(token, now);
        }
        has_room
    }
}

impl TokenUses {
    pub fn new(archive: Arc<dyn TokenArchive>) -> Self {
        Self { archive, noted: Arc::default(), writes: Arc::new(Semaphore::new(WRITES)) }
    }

    /// Needs to be called in a Tokio runtime.
    pub(crate) fn note(&self, organization: OrganizationId, token: TokenId, now: Timestamp) {
        let Ok(turn) = Arc::clone(&self.writes).try_acquire_owned() else { return };
        if !self.noted.lock().unwrap_or_else(PoisonError::into_inner).take(token, now) {
            return;
        }
        let archive = Arc::clone(&self.archive);
        tokio::spawn(async move {
            if let Err(error) = archive.note_use(organization, token, now).await {
                tracing::warn!(%error, "when a personal access token was used could not be noted");
            }
            drop(turn);
        });
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use uuid::Uuid;

    use super::*;
    use crate::in_memory::{Scene, at};
    use crate::unit_of_work::StoreError;

    /// Takes its time to write, until it is let go.
    struct Slow {
        begun: Mutex<Vec<TokenId>>,
        go: Semaphore,
    }

    #[async_trait]
    impl TokenArchive for Slow {
        async fn note_use(&self, _: OrganizationId, token: TokenId, _: Timestamp) -> Result<(), StoreError> {
            self.begun.lock().unwrap().push(token);
            drop(self.go.acquire().await);
            Ok(())
        }

        async fn purge(&self, _: Timestamp) -> Result<u64, StoreError> {
            Ok(0)
        }
    }

    async fn yield_to_all() {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn few_uses_are_written_at_a_time_and_the_others_by_a_later_request() {
        let archive = Arc::new(Slow { begun: Mutex::default(), go: Semaphore::new(0) });
        let uses = TokenUses::new(archive.clone());
        let first: Vec<_> = (0..=WRITES).map(token).collect();
        for token in &first {
            uses.note(Scene::ACME, *token, at(0));
        }
        yield_to_all().await;
        assert_eq!(*archive.begun.lock().unwrap(), first[..WRITES]);
        archive.go.add_permits(WRITES + 1);
        yield_to_all().await;
        uses.note(Scene::ACME, first[WRITES], at(0));
        yield_to_all().await;
        assert_eq!(*archive.begun.lock().unwrap(), first);
    }

    fn token(number: usize) -> TokenId {
        TokenId::new(Uuid::from_u128(number as u128))
    }

    #[test]
    fn a_token_is_noted_once_a_minute() {
        let mut noted = Noted::default();
        let half_a_minute = TimeDelta::seconds(30);
        let times = [at(0), at(0) + half_a_minute, at(1), at(1) + half_a_minute, at(9)];
        assert_eq!(times.map(|now| noted.take(token(1), now)), [true, false, true, false, true]);
        assert!(noted.take(token(2), at(9)), "whatever is known of others");
    }

    #[test]
    fn no_more_tokens_are_kept_in_mind_than_fit() {
        let mut noted = Noted::default();
        assert!((0..REMEMBERED).all(|number| noted.take(token(number), at(0))));
        assert!(!noted.take(token(REMEMBERED), at(0)));
        assert_eq!(noted.last.len(), REMEMBERED);
        assert!(noted.take(token(0), at(1)), "those that are known are noted all the same");
        assert!(noted.take(token(REMEMBERED), at(1)));
        assert_eq!(noted.last.len(), 2, "those that were not used again made room");
    }
}
