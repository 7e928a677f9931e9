//! Access tokens that other issuers signed: verified with the keys that each of them publishes.

mod claims;
mod issuer;
mod key_set;
mod settings;
mod token_type;

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::join_all;
use jsonwebtoken::{DecodingKey, Header, Validation};
use moka::sync::Cache;
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tenon_application::identity::{ExternalClaims, ExternalTokens};
use tenon_application::{AppError, Denial};
use tenon_domain::Timestamp;

use self::claims::Verified;
use self::issuer::Issuer;
use self::key_set::Wanted;
pub use self::settings::IssuerSettings;
use self::token_type::{is_access_token, may_be_access_token};
use crate::outbound::OutboundHttp;

/// How many tokens are remembered as authentic.
const REMEMBERED: u64 = 10_000;
/// Longer ones are not looked at.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

const REFUSED: AppError = AppError::Unauthenticated(Denial::InvalidToken);

/// The SHA-256 digest of a token.
type TokenDigest = [u8; 32];

/// A token that was found authentic, by the keys that its issuer had then.
#[derive(Clone)]
struct Remembered {
    verified: Arc<Verified>,
    issuer: usize,
    generation: u64,
}

/// Reads JSON Web Tokens (RFC 7519) of the issuers that are configured. Like Tenon's own, a token is verified once, and
/// again when its issuer has other keys; the time is looked at every time.
#[derive(Clone)]
pub struct JwksExternalTokens {
    issuers: Arc<[Arc<Issuer>]>,
    authentic: Cache<TokenDigest, Remembered>,
}

impl JwksExternalTokens {
    pub fn new(issuers: &[IssuerSettings], http: &OutboundHttp) -> Self {
        let issuers = issuers.iter().map(|settings| Arc::new(Issuer::new(settings.clone(), http.clone())));
        Self { issuers: issuers.collect(), authentic: Cache::new(REMEMBERED) }
    }

    /// How many keys each issuer publishes, or why that is not known.
    pub async fn ask_all(&self) -> Vec<(String, Result<usize, String>)> {
        let answers = self.issuers.iter().map(|issuer| async move {
            let found = issuer.fetch().await.map(|(keys, _)| keys.len());
            (issuer.settings.issuer.clone(), found)
        });
        join_all(answers).await
    }

    async fn remembered(&self, digest: &TokenDigest, now: Timestamp) -> Option<Arc<Verified>> {
        let known = self.authentic.get(digest)?;
        let keys = self.issuers.get(known.issuer)?.keys(now, None).await?;
        (keys.generation == known.generation).then_some(known.verified)
    }

    async fn verify(&self, token: &str, now: Timestamp) -> Result<Remembered, AppError> {
        let named = issuer_of(token).ok_or(REFUSED)?;
        let found = self.issuers.iter().enumerate().find(|(_, issuer)| issuer.settings.issuer == named);
        let (place, issuer) = found.ok_or(REFUSED)?;
        let header = jsonwebtoken::decode_header(token).map_err(|_| REFUSED)?;
        if !is_understood(&header) || !issuer.settings.algorithms.contains(&header.alg) {
            return Err(REFUSED);
        }
        let wanted = Wanted { id: header.kid.as_deref(), algorithm: header.alg };
        let away = || AppError::UnavailableFor {
            cause: format!("the keys of {named} are not known"),
            retry_after: issuer.pause(now),
        };
        let keys = issuer.keys(now, Some(wanted)).await.ok_or_else(away)?;
        let key = keys.set.find(wanted).ok_or(REFUSED)?;
        let claims = decode(token, key, &header, &issuer.settings).ok_or(REFUSED)?;
        if !is_access_token(header.typ.as_deref(), &claims) {
            return Err(REFUSED);
        }
        let verified = Verified::read(claims, &issuer.settings).ok_or(REFUSED)?;
        // The way from an audit entry to what the issuer knows.
        let id = verified.id.as_deref().unwrap_or_default();
        tracing::info!(issuer = named, token_id = id, "a token of another issuer was verified");
        Ok(Remembered { verified: Arc::new(verified), issuer: place, generation: keys.generation })
    }
}

#[async_trait]
impl ExternalTokens for JwksExternalTokens {
    async fn read(&self, token: &str, now: Timestamp) -> Result<ExternalClaims, AppError> {
        if self.issuers.is_empty() || token.len() > MAX_TOKEN_BYTES {
            return Err(REFUSED);
        }
        let digest = Sha256::digest(token.as_bytes()).into();
        if let Some(verified) = self.remembered(&digest, now).await {
            return verified.at(now);
        }
        let verified = self.verify(token, now).await?;
        let claims = verified.verified.at(now)?;
        self.authentic.insert(digest, verified);
        Ok(claims)
    }
}

/// Which issuer a token names. Nobody has said yet that it is true.
fn issuer_of(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        iss: String,
    }
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&payload).ok().map(|named: Named| named.iss)
}

/// Whether the header may be one of an access token, and asks for nothing that is not understood here.
fn is_understood(header: &Header) -> bool {
    may_be_access_token(header.typ.as_deref()) && header.crit.is_none()
}

/// The claims, if issuer, audience and signature are right.
fn decode(token: &str, key: &DecodingKey, header: &Header, settings: &IssuerSettings) -> Option<Map<String, Value>> {
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&[&settings.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    // The caller says what time it is.
    validation.validate_exp = false;
    jsonwebtoken::decode(token, key, &validation).ok().map(|decoded| decoded.claims)
}
