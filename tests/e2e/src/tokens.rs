//! Tokens that are not what they seem.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// The claims of a genuine token.
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a payload");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON claims")
}

/// A token with these claims, signed as a deployment with this secret signs access tokens (HS256).
pub fn sign(claims: &Value, secret: &str) -> String {
    let signed = format!("{}.{}", encode(&json!({"alg": "HS256", "typ": "JWT"})), encode(claims));
    let key = authenticate(secret.as_bytes(), b"access-tokens");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(authenticate(&key, signed.as_bytes())))
}

fn authenticate(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// A token with these claims that claims to need no signature.
pub fn unsigned(claims: &Value) -> String {
    format!("{}.{}.", encode(&json!({"alg": "none", "typ": "JWT"})), encode(claims))
}

/// The claims, expired an hour ago.
pub fn expired(claims: &Value) -> Value {
    let mut claims = claims.clone();
    let now = chrono::Utc::now().timestamp();
    claims["iat"] = json!(now - 4500);
    claims["exp"] = json!(now - 3600);
    claims
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A personal access token that nobody was given, another one for each number.
pub fn made_up(number: u32) -> String {
    let digits = format!("{number:022}{:022}{:022}", 1, 2);
    format!("tenon_pat_{digits}{}", checksum(&digits))
}

/// The CRC-32 of the digits, as six digits in base 62: what a scanner for leaked tokens computes.
pub fn checksum(digits: &str) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
    let crc = !digits.bytes().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(byte), step));
    let places = (0..6).rev().map(|place| crc / 62_u32.pow(place) % 62);
    places.map(|digit| char::from(ALPHABET[digit as usize])).collect()
}
