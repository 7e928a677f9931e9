use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use openidconnect::JsonWebKey;
use openidconnect::core::CoreJsonWebKey;
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tenon_application::identity::{OidcClient, VouchedClaims};
use tenon_domain::Timestamp;

use super::directory::Known;

/// The claims of a token, whatever they are.
pub(super) type Claims = Map<String, Value>;

/// Who is in more groups is not let in: by some of them alone nobody can tell what they may do.
const MAX_GROUPS: usize = 1_000;
/// Longer tokens are not looked at.
const MAX_TOKEN: usize = 256 * 1024;
/// How far the provider's clock may be from Tenon's.
const SKEW: TimeDelta = TimeDelta::seconds(60);
/// What the type of an ID token may be called, besides nothing at all. That of an access token (RFC 9068) is not among
/// them.
const TYPES: [&str; 4] = ["jwt", "application/jwt", "jose", "application/jose"];

/// Why an ID token is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Disbelief {
    /// None of the keys fits: there may be new ones.
    Signature(String),
    Claims(String),
}

/// What a token says of its signature (RFC 7515, 4.1).
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    cty: Option<Value>,
    crit: Option<Value>,
}

/// The claims of an ID token (OpenID Connect Core 1.0, 3.1.3.7): signed by its issuer, for this client and nobody else,
/// for this sign-in, not expired. Of claims that nobody here asks for, it does not matter what is in them.
pub(super) fn verify(
    token: &str,
    client: &OidcClient,
    nonce: &str,
    known: &Known,
    now: Timestamp,
) -> Result<Claims, Disbelief> {
    let malformed = || Disbelief::Claims("it is no signed JSON Web Token, or too long a one".to_owned());
    let (signed, signature) = token.rsplit_once('.').filter(|_| token.len() <= MAX_TOKEN).ok_or_else(malformed)?;
    let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| malformed())?;
    check_signature(&header, signed, &decode(signature)?, known)?;
    let claims = serde_json::from_slice(&decode(claims)?).map_err(|_| malformed())?;
    check_claims(&claims, client, nonce, now).map_err(|why| Disbelief::Claims(why.to_owned()))?;
    Ok(claims)
}

/// What names the key and the algorithm is anybody's until a key of the provider fits, with an algorithm that goes with
/// that key.
fn check_signature(header: &Header, signed: &str, signature: &[u8], known: &Known) -> Result<(), Disbelief> {
    let has_type = header.typ.as_ref().is_none_or(|name| TYPES.contains(&name.to_ascii_lowercase().as_str()));
    if !has_type || header.cty.is_some() || header.crit.is_some() {
        return Err(Disbelief::Claims("it is another kind of token".to_owned()));
    }
    let algorithm = known.algorithm(&header.alg);
    let algorithm = algorithm.ok_or_else(|| Disbelief::Signature("its algorithm is not taken".to_owned()))?;
    let is_named = |key: &&CoreJsonWebKey| {
        header.kid.as_ref().is_none_or(|named| key.key_id().is_some_and(|id| id.as_str() == named.as_str()))
    };
    let mut named = known.keys.iter().filter(is_named);
    if named.any(|key| key.verify_signature(algorithm, signed.as_bytes(), signature).is_ok()) {
        Ok(())
    } else {
        Err(Disbelief::Signature("none of the keys fits".to_owned()))
    }
}

fn check_claims(claims: &Claims, client: &OidcClient, nonce: &str, now: Timestamp) -> Result<(), &'static str> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let time = |name: &str| claims.get(name).and_then(moment);
    if text("iss") != Some(client.issuer.as_str()) {
        return Err("another issuer has signed it");
    }
    // Any other audience could show it here as its own.
    let is_own = |audience: &Value| audience.as_str() == Some(client.client_id.as_str());
    let is_for_us = claims.get("aud").is_some_and(|audience| match audience {
        Value::Array(all) => !all.is_empty() && all.iter().all(is_own),
        one => is_own(one),
    });
    if !is_for_us || present(claims, "azp").is_some_and(|party| !is_own(party)) {
        return Err("it is for another client");
    }
    if text("sub").is_none_or(str::is_empty) {
        return Err("it is about nobody");
    }
    // The same time, however much of it is right.
    if text("nonce").map(Sha256::digest) != Some(Sha256::digest(nonce)) {
        return Err("it is for another sign-in");
    }
    if time("exp").is_none_or(|end| end <= now - SKEW) {
        return Err("it has expired");
    }
    let has_begun = |name: &str| time(name).is_some_and(|begin| begin <= now + SKEW);
    if !has_begun("iat") || (present(claims, "nbf").is_some() && !has_begun("nbf")) {
        return Err("it is not good yet");
    }
    Ok(())
}

/// Seconds since 1970, with or without a fraction.
fn moment(value: &Value) -> Option<Timestamp> {
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))?;
    Timestamp::from_timestamp(seconds, 0)
}

/// A claim that says something: some providers write `null` for what they do not know.
fn present<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    claims.get(name).filter(|value| !value.is_null())
}

/// What is asked of the claims of an ID token, and of those of the user info endpoint (5.3), if it was asked. An address
/// and whether it is verified come from the same place: the first that says both, else the first that says an address.
/// Fails where the groups are not all told.
pub(super) fn read(
    claims: &Claims,
    info: Option<&Claims>,
    groups_claim: Option<&str>,
) -> Result<VouchedClaims, &'static str> {
    let text = |claims: &Claims, name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let places = || std::iter::once(claims).chain(info);
    let mut with_address = places().filter(|claims| text(claims, "email").is_some());
    let place = with_address.clone().find(|claims| says_of_address(claims)).or_else(|| with_address.next());
    let groups = groups_claim.map(|name| groups(&places().collect::<Vec<_>>(), name)).transpose()?;
    Ok(VouchedClaims {
        subject: text(claims, "sub").unwrap_or_default(),
        email: place.and_then(|claims| text(claims, "email")),
        email_verified: place.is_some_and(|claims| is_true(claims.get("email_verified"))),
        name: places().find_map(|claims| text(claims, "name")),
        groups: groups.unwrap_or_default(),
    })
}

/// What the user info endpoint is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanting {
    Nothing,
    /// What somebody is called, which is of use and not needed.
    Name,
    /// An address, whether it is verified, or groups.
    Claims,
}

/// What an ID token leaves to be asked for.
pub(super) fn wanting(claims: &Claims, client: &OidcClient) -> Wanting {
    let has = |name: &str| present(claims, name).is_some();
    if !says_of_address(claims) || client.groups_claim.as_deref().is_some_and(|name| !has(name)) {
        Wanting::Claims
    } else if !has("name") && client.scopes.split(' ').any(|scope| scope == "profile") {
        Wanting::Name
    } else {
        Wanting::Nothing
    }
}

/// Whether there is an address, and a word about whether it is verified.
fn says_of_address(claims: &Claims) -> bool {
    present(claims, "email").is_some() && present(claims, "email_verified").is_some()
}

/// Some providers write truth values as texts.
fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(is_so)) => *is_so,
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}

/// All groups, of the first place that tells them: one name, or a list of them. None is an answer, too; that they are
/// somewhere else is not, and would take from people what they have.
fn groups(places: &[&Claims], name: &str) -> Result<Vec<String>, &'static str> {
    match places.iter().find_map(|claims| present(claims, name)) {
        Some(Value::String(name)) => Ok(vec![name.clone()]),
        Some(Value::Array(values)) if values.len() > MAX_GROUPS => Err("somebody is in too many groups"),
        Some(Value::Array(values)) => Ok(values.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        None if places.iter().any(|claims| is_elsewhere(claims, name)) => {
            Err("the groups of somebody are left out, and would have to be asked for elsewhere (_claim_names)")
        }
        _ => Ok(Vec::new()),
    }
}

/// Whether a claim is one that another endpoint is to be asked for (5.6.2), as Entra ID has it for who is in very many
/// groups.
fn is_elsewhere(claims: &Claims, name: &str) -> bool {
    present(claims, "_claim_names").is_some_and(|names| names.get(name).is_some())
}

#[cfg(test)]
mod tests;
