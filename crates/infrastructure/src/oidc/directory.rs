use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use serde::Deserialize;
use tenon_application::identity::OidcFailure;
use tenon_domain::identity::Issuer;
use tokio::time::Instant;

use super::exchange::get_json;
use crate::outbound::OutboundHttp;

/// What a provider says about itself is believed for so long.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// When it does not answer, what it said before is good for so long.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// A provider that was asked is left alone for a moment, whether it answered or not: nobody waits for one that is away
/// but the first, and nobody has it asked all the time by signatures that fit no key.
const PAUSE: Duration = Duration::from_secs(5);
/// How many providers are remembered.
const PROVIDERS: u64 = 200;
/// More is not read of what a provider says about itself, or of its keys.
const MAX_DOCUMENT: usize = 64 * 1024;
/// Further keys are left out.
const MAX_KEYS: usize = 100;

/// What Tenon can verify, by the names of RFC 7518. Nothing that is signed with the client's secret, and nothing that is
/// not signed.
static ALGORITHMS: [(&str, CoreJwsSigningAlgorithm); 9] = [
    ("RS256", CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256),
    ("RS384", CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384),
    ("RS512", CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512),
    ("PS256", CoreJwsSigningAlgorithm::RsaSsaPssSha256),
    ("PS384", CoreJwsSigningAlgorithm::RsaSsaPssSha384),
    ("PS512", CoreJwsSigningAlgorithm::RsaSsaPssSha512),
    ("ES256", CoreJwsSigningAlgorithm::EcdsaP256Sha256),
    ("ES384", CoreJwsSigningAlgorithm::EcdsaP384Sha384),
    ("EdDSA", CoreJwsSigningAlgorithm::EdDsa),
];

/// What Tenon needs of a provider's metadata (OpenID Connect Discovery 1.0, 3).
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Metadata {
    pub(super) issuer: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    #[serde(default)]
    pub(super) userinfo_endpoint: Option<String>,
    pub(super) jwks_uri: String,
    #[serde(default)]
    pub(super) id_token_signing_alg_values_supported: Vec<String>,
    #[serde(default)]
    pub(super) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether it says in its answers who it is (RFC 9207).
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

/// A provider, as it was found.
pub(super) struct Known {
    pub(super) metadata: Metadata,
    pub(super) keys: Vec<CoreJsonWebKey>,
    pub(super) fetched: Instant,
}

impl Known {
    /// How ID tokens of this name are signed, if they may be: RS256 where nothing is said, as every provider can.
    pub(super) fn algorithm(&self, name: &str) -> Option<&'static CoreJwsSigningAlgorithm> {
        let announced = &self.metadata.id_token_signing_alg_values_supported;
        let may_be = announced.iter().any(|known| known == name) || (announced.is_empty() && name == "RS256");
        let known = ALGORITHMS.iter().find(|(known, _)| *known == name).filter(|_| may_be);
        known.map(|(_, algorithm)| algorithm)
    }
}

/// What is known of a provider.
#[derive(Default)]
struct State {
    known: Option<Arc<Known>>,
    failed: Option<(Instant, OidcFailure)>,
}

impl State {
    /// What the provider said before, if it is not too old.
    fn stale_or(&self, failure: OidcFailure) -> Result<Arc<Known>, OidcFailure> {
        let stale = self.known.as_ref().filter(|known| known.fetched.elapsed() < STALE);
        stale.map(Arc::clone).ok_or(failure)
    }
}

#[derive(Default)]
struct Entry {
    state: Mutex<State>,
    /// Held by the one who asks.
    asking: tokio::sync::Mutex<()>,
}

impl Entry {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> Option<Arc<Known>> {
        self.state().known.clone()
    }

    /// The answer to who waited for their turn to ask, if somebody else has asked meanwhile. `unfit` is what does not do.
    fn settled(&self, unfit: Option<&Arc<Known>>) -> Option<Result<Arc<Known>, OidcFailure>> {
        let state = self.state();
        if let Some(known) = &state.known {
            let (age, is_other) = (known.fetched.elapsed(), unfit.is_none_or(|unfit| !Arc::ptr_eq(known, unfit)));
            if age < PAUSE || (is_other && age < FRESH) {
                return Some(Ok(Arc::clone(known)));
            }
        }
        let (at, failure) = state.failed.as_ref()?;
        (at.elapsed() < PAUSE).then(|| state.stale_or(failure.clone()))
    }

    /// Asks the provider, and waits for it. Of all who want to know the same, one asks.
    async fn ask(
        &self,
        http: &OutboundHttp,
        issuer: &Issuer,
        unfit: Option<&Arc<Known>>,
    ) -> Result<Arc<Known>, OidcFailure> {
        let _turn = self.asking.lock().await;
        match self.settled(unfit) {
            Some(settled) => settled,
            None => self.learn(fetch(http, issuer).await),
        }
    }

    /// The same, for nobody who waits.
    async fn refresh(&self, http: &OutboundHttp, issuer: &Issuer) {
        let Ok(_turn) = self.asking.try_lock() else { return };
        if self.settled(None).is_none() {
            let fetched = fetch(http, issuer).await;
            if let Err(failure) = &fetched {
                tracing::warn!(%issuer, %failure, "what an identity provider said before is used");
            }
            drop(self.learn(fetched));
        }
    }

    fn learn(&self, fetched: Result<Known, OidcFailure>) -> Result<Arc<Known>, OidcFailure> {
        let mut state = self.state();
        match fetched {
            Ok(known) => {
                let known = Arc::new(known);
                *state = State { known: Some(Arc::clone(&known)), failed: None };
                Ok(known)
            }
            Err(failure) => {
                state.failed = Some((Instant::now(), failure.clone()));
                state.stale_or(failure)
            }
        }
    }
}

/// The providers that were asked about themselves, by issuer.
pub(super) struct Directory {
    http: OutboundHttp,
    entries: Cache<String, Arc<Entry>>,
}

impl Directory {
    pub(super) fn new(http: OutboundHttp) -> Self {
        let entries = Cache::builder().max_capacity(PROVIDERS).time_to_idle(STALE).build();
        Self { http: http.reading_at_most(MAX_DOCUMENT), entries }
    }

    /// The provider. While it is asked again, what it said before is good: nobody waits for one that hangs.
    pub(super) async fn find(&self, issuer: &Issuer) -> Result<Arc<Known>, OidcFailure> {
        let entry = self.entry(issuer);
        match entry.known() {
            Some(known) if known.fetched.elapsed() < FRESH => Ok(known),
            Some(known) if known.fetched.elapsed() < STALE => {
                let (http, issuer) = (self.http.clone(), issuer.clone());
                drop(tokio::spawn(async move { entry.refresh(&http, &issuer).await }));
                Ok(known)
            }
            _ => entry.ask(&self.http, issuer, None).await,
        }
    }

    /// The provider as it is by now, because its keys do not fit any more.
    pub(super) async fn find_again(&self, issuer: &Issuer, seen: &Arc<Known>) -> Result<Arc<Known>, OidcFailure> {
        self.entry(issuer).ask(&self.http, issuer, Some(seen)).await
    }

    fn entry(&self, issuer: &Issuer) -> Arc<Entry> {
        self.entries.get_with(issuer.to_string(), Arc::default)
    }
}

async fn fetch(http: &OutboundHttp, issuer: &Issuer) -> Result<Known, OidcFailure> {
    let address = format!("{}/.well-known/openid-configuration", issuer.as_str().trim_end_matches('/'));
    let document = get_json(http, &address, None).await?;
    let metadata: Metadata = serde_json::from_slice(&document).map_err(|error| malformed(&address, &error))?;
    // What one issuer says about another one is worth nothing.
    if metadata.issuer != issuer.as_str() {
        return Err(OidcFailure::Away(format!("{address} is about another issuer")));
    }
    let document = get_json(http, &metadata.jwks_uri, None).await?;
    let keys: CoreJsonWebKeySet =
        serde_json::from_slice(&document).map_err(|error| malformed(&metadata.jwks_uri, &error))?;
    let keys = keys.keys().iter().take(MAX_KEYS).cloned().collect();
    Ok(Known { keys, metadata, fetched: Instant::now() })
}

fn malformed(address: &str, error: &serde_json::Error) -> OidcFailure {
    OidcFailure::Away(format!("{address} is not as it must be: {error}"))
}

#[cfg(test)]
mod tests;
