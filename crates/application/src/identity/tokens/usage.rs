use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use tenon_domain::{OrganizationId, Timestamp, TokenId};

use super::TokenArchive;

/// How long a further use of a token is not worth noting.
const PAUSE: TimeDelta = TimeDelta::minutes(1);
/// How many tokens are kept in mind. Uses of further ones in the same minute are not noted.
const REMEMBERED: usize = 10_000;

/// Notes when tokens are used: each at most once a minute, and without the request waiting for it.
#[derive(Clone)]
pub struct TokenUses {
    archive: Arc<dyn TokenArchive>,
    noted: Arc<Mutex<Noted>>,
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
        Self { archive, noted: Arc::default() }
    }

    /// Needs to be called in a Tokio runtime.
    pub(crate) fn note(&self, organization: OrganizationId, token: TokenId, now: Timestamp) {
        if !self.noted.lock().unwrap_or_else(PoisonError::into_inner).take(token, now) {
            return;
        }
        let archive = Arc::clone(&self.archive);
        tokio::spawn(async move {
            if let Err(error) = archive.note_use(organization, token, now).await {
                tracing::warn!(%error, "when a personal access token was used could not be noted");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::in_memory::at;

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
