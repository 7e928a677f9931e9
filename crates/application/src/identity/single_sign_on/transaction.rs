use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use tenon_domain::Timestamp;
use tenon_domain::identity::{ProviderKey, SealedSecret, TokenHash};
use uuid::Uuid;

use super::AuthorizationRequest;
use crate::error::AppError;
use crate::secrets::{SecretCipher, SecretPlace};

/// A sign-in that is under way: what a browser keeps while it is at the identity provider, so that nobody else's answer
/// is taken for its own. It is sealed, as it holds what the code is redeemed with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SignInTransaction {
    state: String,
    nonce: String,
    verifier: String,
    provider: String,
    pub(super) return_to: String,
    /// In milliseconds of the Unix epoch.
    expires_at: i64,
}

const PLACE: SecretPlace = SecretPlace { purpose: SecretPlace::OIDC_SIGN_IN, owner: Uuid::nil() };

impl SignInTransaction {
    /// How long somebody may take at the provider.
    pub(super) const LIFETIME: TimeDelta = TimeDelta::minutes(10);
    /// What is longer was not made here: browsers keep no more of a cookie either.
    const MAX_CHARS: usize = 4096;

    /// How long the page may be, as it is written down. Sealed and with all the rest, it fits into the bound above.
    const MAX_PAGE: usize = 2_000;

    /// Whether a browser can keep this page until it comes back.
    pub(super) fn can_hold(page: &str) -> bool {
        serde_json::to_string(page).is_ok_and(|written| written.len() <= Self::MAX_PAGE)
    }

    pub(super) fn begin(
        request: AuthorizationRequest,
        provider: &ProviderKey,
        return_to: String,
        now: Timestamp,
    ) -> Self {
        let AuthorizationRequest { state, nonce, verifier } = request;
        let expires_at = (now + Self::LIFETIME).timestamp_millis();
        Self { state, nonce, verifier, provider: provider.to_string(), return_to, expires_at }
    }

    pub(super) fn seal(&self, cipher: &dyn SecretCipher) -> Result<String, AppError> {
        let text = serde_json::to_vec(self).map_err(|error| AppError::Internal(error.to_string()))?;
        let SealedSecret { key_id, ciphertext } = cipher.seal(PLACE, &text)?;
        Ok(format!("{key_id}.{ciphertext}"))
    }

    /// What was sealed here and has not expired.
    pub(super) fn open(cipher: &dyn SecretCipher, text: &str, now: Timestamp) -> Option<Self> {
        if text.len() > Self::MAX_CHARS {
            return None;
        }
        let (key_id, ciphertext) = text.split_once('.')?;
        let sealed = SealedSecret { key_id: key_id.to_owned(), ciphertext: ciphertext.to_owned() };
        let opened = cipher.open(PLACE, &sealed).ok()?;
        let transaction: Self = serde_json::from_slice(&opened).ok()?;
        (now.timestamp_millis() < transaction.expires_at).then_some(transaction)
    }

    /// Whether a browser came back from where this one was sent. Compares in constant time.
    pub(super) fn has_state(&self, state: &str) -> bool {
        TokenHash::new(self.state.clone()).matches(&TokenHash::new(state.to_owned()))
    }

    pub(super) fn provider(&self) -> Option<ProviderKey> {
        ProviderKey::parse(&self.provider)
    }

    pub(super) fn request(&self) -> AuthorizationRequest {
        let (state, nonce, verifier) = (self.state.clone(), self.nonce.clone(), self.verifier.clone());
        AuthorizationRequest { state, nonce, verifier }
    }
}
