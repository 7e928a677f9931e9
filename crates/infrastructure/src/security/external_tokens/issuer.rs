use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::TimeDelta;
use http::header::{ACCEPT, CACHE_CONTROL};
use http::{HeaderMap, Request, StatusCode, Uri};
use serde::Deserialize;
use tenon_domain::Timestamp;
use tokio::sync::{Mutex, Semaphore};

use super::key_set::{KeySet, Wanted};
use super::settings::IssuerSettings;
use crate::outbound::OutboundHttp;

/// An issuer is asked again after this time at the earliest: whoever makes up tokens with keys that nobody has must not
/// have it asked all the time.
const PAUSE: TimeDelta = TimeDelta::seconds(30);
/// How long keys are believed in, when the issuer does not say.
const USUAL_AGE: Duration = Duration::from_secs(10 * 60);
const MIN_AGE: Duration = Duration::from_secs(60);
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long keys are used after that while the issuer is away.
const GRACE: TimeDelta = TimeDelta::hours(24);
/// So long after that nobody waits for newer ones, while they are asked for.
const LEEWAY: TimeDelta = TimeDelta::minutes(5);
/// How long a request waits for keys. They come nevertheless, and the next one finds them.
const PATIENCE: Duration = Duration::from_secs(3);
/// How many requests wait for the keys of one issuer. Others do with what is known of them.
const LINE: usize = 256;
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The keys that an issuer had when it was asked.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) set: KeySet,
    /// Changes with the set.
    pub(super) generation: u64,
    fresh_until: Timestamp,
}

#[derive(Debug, Default)]
struct Known {
    keys: Option<Arc<Keys>>,
    asked_at: Option<Timestamp>,
    /// When it was asked for a key that it did not have before.
    searched_at: Option<Timestamp>,
}

/// Why keys are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// There are none, or they are old.
    Age,
    /// A token names one that is not among them.
    Search,
}

/// An issuer, and what is known of its keys.
#[derive(Debug)]
pub(super) struct Issuer {
    pub(super) settings: IssuerSettings,
    http: OutboundHttp,
    known: RwLock<Known>,
    /// Held by the one who asks. The others wait for the same answer.
    asking: Mutex<()>,
    line: Arc<Semaphore>,
}

impl Issuer {
    pub(super) fn new(settings: IssuerSettings, http: OutboundHttp) -> Self {
        Self {
            settings,
            http,
            known: RwLock::default(),
            asking: Mutex::default(),
            line: Arc::new(Semaphore::new(LINE)),
        }
    }

    /// The keys, asked for again when they are too old or not what is wanted. Nobody waits for new ones while the old ones
    /// do. `None` if it never answered, or not for too long.
    pub(super) async fn keys(self: &Arc<Self>, now: Timestamp, wanted: Option<Wanted<'_>>) -> Option<Arc<Keys>> {
        let issuer = Arc::clone(self);
        let reason = match self.known(now) {
            Some(keys)
                if self.serves_at_once(&keys, now) && wanted.is_none_or(|wanted| keys.set.find(wanted).is_some()) =>
            {
                if now >= keys.fresh_until {
                    drop(tokio::spawn(async move { issuer.refresh(now).await }));
                }
                return Some(keys);
            }
            Some(keys) if now < keys.fresh_until => Reason::Search,
            _ => Reason::Age,
        };
        let Ok(place) = Arc::clone(&self.line).try_acquire_owned() else { return self.known(now) };
        // A task of its own: a client that hangs up does not undo it.
        let asking = tokio::spawn(async move {
            let _place = place;
            issuer.ask(reason, now).await;
        });
        if tokio::time::timeout(PATIENCE, asking).await.is_err() {
            tracing::debug!(issuer = self.settings.issuer, "a request did not wait for its keys");
        }
        self.known(now)
    }

    /// How long it is not asked any more: before that, nobody knows more of its keys.
    pub(super) fn pause(&self, now: Timestamp) -> Duration {
        let asked_at = self.known.read().unwrap_or_else(PoisonError::into_inner).asked_at;
        let left = asked_at.map(|asked_at| PAUSE - (now - asked_at).abs());
        left.and_then(|left| left.to_std().ok()).unwrap_or_default()
    }

    /// Whether nobody has to wait for newer ones: these are not old, or newer ones were asked for in vain.
    fn serves_at_once(&self, keys: &Keys, now: Timestamp) -> bool {
        let asked_at = self.known.read().unwrap_or_else(PoisonError::into_inner).asked_at;
        now < keys.fresh_until + LEEWAY || asked_at.is_some_and(|asked_at| asked_at >= keys.fresh_until)
    }

    fn known(&self, now: Timestamp) -> Option<Arc<Keys>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.keys.clone().filter(|keys| now < keys.fresh_until + GRACE)
    }

    /// Asks, unless somebody does so already.
    async fn refresh(&self, now: Timestamp) {
        if let Ok(_turn) = self.asking.try_lock() {
            self.ask_in_turn(Reason::Age, now).await;
        }
    }

    async fn ask(&self, reason: Reason, now: Timestamp) {
        let _turn = self.asking.lock().await;
        self.ask_in_turn(reason, now).await;
    }

    async fn ask_in_turn(&self, reason: Reason, now: Timestamp) {
        if !self.may_ask(reason, now) {
            return;
        }
        match self.fetch().await {
            Ok((set, age)) => self.learn(set, now + age),
            Err(error) => {
                tracing::warn!(issuer = self.settings.issuer, error, "the keys of an issuer cannot be fetched")
            }
        }
    }

    /// Whether it is time, and notes that it was done.
    fn may_ask(&self, reason: Reason, now: Timestamp) -> bool {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let last = if reason == Reason::Search { known.searched_at } else { known.asked_at };
        // A clock that was put back must not silence it for long.
        if last.is_some_and(|last| (now - last).abs() < PAUSE) {
            return false;
        }
        known.asked_at = Some(now);
        if reason == Reason::Search {
            known.searched_at = Some(now);
        }
        true
    }

    fn learn(&self, set: KeySet, fresh_until: Timestamp) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let generation = match &known.keys {
            Some(before) if before.set == set => before.generation,
            Some(before) => before.generation + 1,
            None => 0,
        };
        known.keys = Some(Arc::new(Keys { set, generation, fresh_until }));
    }

    /// The keys as the issuer has them now, and for how long that is so.
    pub(super) async fn fetch(&self) -> Result<(KeySet, Duration), String> {
        let uri = match &self.settings.key_set {
            Some(uri) => uri.clone(),
            None => self.discover().await?,
        };
        let (headers, body) = self.get(uri).await?;
        let set = KeySet::parse(&body).ok_or("what it publishes is no key set")?;
        Ok((set, age(&headers)))
    }

    /// Where the issuer says that its keys are (OpenID Connect Discovery 1.0).
    async fn discover(&self) -> Result<Uri, String> {
        #[derive(Deserialize)]
        struct Published {
            issuer: String,
            jwks_uri: String,
        }
        let uri = format!("{}{DISCOVERY}", self.settings.issuer.trim_end_matches('/'));
        let (_, body) = self.get(uri.parse().map_err(|_| format!("{uri} is no address"))?).await?;
        let published: Published =
            serde_json::from_slice(&body).map_err(|error| format!("what is at {DISCOVERY} cannot be read: {error}"))?;
        if published.issuer != self.settings.issuer {
            return Err(format!("it calls itself {:?}", published.issuer));
        }
        published.jwks_uri.parse().map_err(|_| format!("its jwks_uri {:?} is no address", published.jwks_uri))
    }

    async fn get(&self, uri: Uri) -> Result<(HeaderMap, Vec<u8>), String> {
        let request = Request::get(uri.clone()).header(ACCEPT, "application/json").body(Vec::new());
        let request = request.map_err(|error| error.to_string())?;
        let answer = self.http.send(request).await.map_err(|error| format!("{uri}: {error}"))?;
        if answer.status() != StatusCode::OK {
            return Err(format!("{uri} answers {}", answer.status()));
        }
        let (head, body) = answer.into_parts();
        Ok((head.headers, body))
    }
}

/// How long an answer is good for (RFC 9111).
fn age(headers: &HeaderMap) -> Duration {
    let texts = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives: Vec<String> =
        texts.flat_map(|text| text.split(',')).map(|directive| directive.trim().to_ascii_lowercase()).collect();
    if directives.iter().any(|directive| matches!(directive.as_str(), "no-store" | "no-cache")) {
        return MIN_AGE;
    }
    let seconds = directives.iter().find_map(|directive| directive.strip_prefix("max-age=")?.parse().ok());
    seconds.map_or(USUAL_AGE, Duration::from_secs).clamp(MIN_AGE, MAX_AGE)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn keys_are_believed_in_for_as_long_as_the_issuer_says_within_bounds() {
        for (text, seconds) in [
            ("max-age=300", 300),
            ("public, Max-Age=3600, must-revalidate", 3600),
            ("max-age=1", 60),
            ("max-age=31536000", 86_400),
            ("no-store", 60),
            ("no-cache, max-age=3600", 60),
            ("max-age=soon", 600),
            ("public", 600),
        ] {
            let headers = HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static(text))]);
            assert_eq!(age(&headers), Duration::from_secs(seconds), "{text}");
        }
        assert_eq!(age(&HeaderMap::new()), USUAL_AGE);
    }
}
