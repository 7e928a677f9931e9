//! An authenticator app (RFC 6238), as people have on their phones.

use std::time::Duration;

use chrono::Utc;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;

use crate::{Person, proving, text};

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const STEP_SECONDS: i64 = 30;
/// A code that is sent now has arrived by then.
const LATENCY_SECONDS: i64 = 10;

pub struct AuthenticatorApp {
    key: Vec<u8>,
    shown: i64,
}

impl AuthenticatorApp {
    /// Set up with a secret in base 32.
    pub fn new(secret: &str) -> Self {
        Self { key: decode_base32(secret), shown: 0 }
    }

    /// A code that is accepted now and that it has not shown before. Clocks may differ by a step, so three follow one
    /// another at once; for a fourth it waits, as people do.
    pub async fn next_code(&mut self) -> String {
        loop {
            let now = Utc::now().timestamp();
            let oldest = (now + LATENCY_SECONDS) / STEP_SECONDS - 1;
            let next = oldest.max(self.shown + 1);
            if next <= now / STEP_SECONDS + 1 {
                self.shown = next;
                return code(&self.key, next);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

impl Person {
    /// Sets an authenticator app up, and answers its recovery codes with it.
    pub async fn enroll(&self) -> (AuthenticatorApp, Vec<String>) {
        self.enroll_proving(json!({})).await
    }

    /// The same for who has passkeys, with what proves their second factor.
    pub async fn enroll_proving(&self, proof: Value) -> (AuthenticatorApp, Vec<String>) {
        let begun = self.api.post("/users/me/mfa/totp", proving(proof)).await.expect(200);
        let mut app = AuthenticatorApp::new(&text(&begun, "secret"));
        let confirmed = self.api.post("/users/me/mfa/totp/confirm", json!({"code": app.next_code().await})).await;
        (app, recovery_codes(&confirmed.expect(200)))
    }
}

/// The codes in an answer that gives some out.
pub fn recovery_codes(given: &Value) -> Vec<String> {
    let codes = given["recovery_codes"].as_array().expect("recovery codes");
    codes.iter().map(|code| code.as_str().expect("a text").to_owned()).collect()
}

fn decode_base32(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for digit in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == digit).expect("a digit in base 32");
        bits = (bits << 5) | u32::try_from(value).expect("a small number");
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).expect("eight bits"));
        }
    }
    bytes
}

fn code(key: &[u8], step: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("a key of any length");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes().to_vec();
    let offset = usize::from(digest[digest.len() - 1] & 0xf);
    let four: [u8; 4] = digest[offset..offset + 4].try_into().expect("four bytes");
    format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_the_codes_of_the_rfc() {
        let key = decode_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(key, b"12345678901234567890");
        assert_eq!([code(&key, 59 / 30), code(&key, 1_111_111_109 / 30)], ["287082", "081804"]);
    }
}
