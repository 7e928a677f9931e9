use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet};
use openidconnect::{ClaimsVerificationError, ClientId, IssuerUrl, Nonce};
use serde_json::{Map, Value};
use tenon_application::identity::{OidcClient, VouchedClaims};
use tenon_domain::Timestamp;

use super::directory::Known;

/// The claims of a token, whatever they are.
pub(super) type Claims = Map<String, Value>;

/// How many groups of somebody are looked at.
const MAX_GROUPS: usize = 1_000;
/// Longer tokens are not looked at.
const MAX_TOKEN: usize = 256 * 1024;

/// Why an ID token is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Disbelief {
    /// None of the keys fits: there may be new ones.
    Signature(String),
    Claims(String),
}

/// The claims of an ID token (OpenID Connect Core 1.0, 3.1.3.7): signed by its issuer, for this client and nobody else,
/// for this sign-in, not expired.
pub(super) fn verify(
    token: &str,
    client: &OidcClient,
    nonce: &str,
    known: &Known,
    now: Timestamp,
) -> Result<Claims, Disbelief> {
    let disbelieved = Disbelief::Claims;
    if token.len() > MAX_TOKEN {
        return Err(disbelieved("the ID token is too long".to_owned()));
    }
    let parsed = CoreIdToken::from_str(token).map_err(|error| disbelieved(error.to_string()))?;
    let issuer = IssuerUrl::new(client.issuer.to_string()).map_err(|error| disbelieved(error.to_string()))?;
    let keys = CoreJsonWebKeySet::new(known.keys.clone());
    // What is signed with the client's secret is not taken, so there is no need to know it.
    let verifier = CoreIdTokenVerifier::new_public_client(ClientId::new(client.client_id.clone()), issuer, keys)
        .set_allowed_algs(known.algorithms())
        .set_time_fn(move || now);
    let nonce = Nonce::new(nonce.to_owned());
    match parsed.claims(&verifier, &nonce) {
        Ok(_) => {}
        Err(ClaimsVerificationError::SignatureVerification(cause)) => {
            return Err(Disbelief::Signature(cause.to_string()));
        }
        Err(error) => return Err(disbelieved(error.to_string())),
    }
    // Of what was just verified, as it is: the names of claims differ between providers.
    let payload = token.split('.').nth(1).and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok());
    let claims = payload.and_then(|payload| serde_json::from_slice::<Claims>(&payload).ok());
    let claims = claims.ok_or_else(|| disbelieved("the ID token has no claims".to_owned()))?;
    match claims.get("azp") {
        Some(party) if party.as_str() != Some(client.client_id.as_str()) => {
            Err(disbelieved("the ID token was issued to another client".to_owned()))
        }
        _ => Ok(claims),
    }
}

/// What is asked of the claims of an ID token, and of those of the user info endpoint (5.3), if it was asked. An address
/// and whether it is verified come from the same place.
pub(super) fn read(claims: &Claims, info: Option<&Claims>, groups_claim: Option<&str>) -> VouchedClaims {
    let text = |claims: &Claims, name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let places = || std::iter::once(claims).chain(info);
    let (email, email_verified) = places()
        .find_map(|claims| text(claims, "email").map(|email| (Some(email), is_true(claims.get("email_verified")))))
        .unwrap_or_default();
    let groups = groups_claim.and_then(|name| places().find_map(|claims| claims.get(name)));
    VouchedClaims {
        subject: text(claims, "sub").unwrap_or_default(),
        email,
        email_verified,
        name: places().find_map(|claims| text(claims, "name")),
        groups: groups.map(names).unwrap_or_default(),
    }
}

/// Whether the user info endpoint has to be asked.
pub(super) fn is_wanting(claims: &Claims, groups_claim: Option<&str>) -> bool {
    !claims.contains_key("email") || groups_claim.is_some_and(|name| !claims.contains_key(name))
}

/// Some providers write truth values as texts.
fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(is_so)) => *is_so,
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}

/// One name, or a list of them.
fn names(value: &Value) -> Vec<String> {
    match value {
        Value::String(name) => vec![name.clone()],
        Value::Array(values) => values.iter().take(MAX_GROUPS).filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
