//! Access tokens that are signed with private keys.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use proptest::prelude::*;
use serde_json::{Value, json};
use tenon_application::Denial;
use tenon_application::identity::{ACCESS_TOKEN_LIFETIME, AccessTokens, Claims};
use tenon_domain::Timestamp;
use tenon_domain::access::OrganizationRole;
use tenon_infrastructure::security::{JwtAccessTokens, MasterSecret, SecurityError, TokenKey, TokenKeyKind};
use uuid::Uuid;

fn secret() -> MasterSecret {
    MasterSecret::new(&[1; 32]).unwrap()
}

fn now() -> Timestamp {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn claims(issued_at: Timestamp) -> Claims {
    Claims {
        user: Uuid::from_u128(1).into(),
        organization: Uuid::from_u128(2).into(),
        session: Uuid::from_u128(3).into(),
        role: OrganizationRole::Admin,
        issued_at,
        expires_at: issued_at + ACCESS_TOKEN_LIFETIME,
    }
}

fn payload() -> Value {
    let id = |n| Uuid::from_u128(n).to_string();
    json!({
        "sub": id(1), "org": id(2), "sid": id(3), "role": "admin", "iat": 1_800_000_000, "exp": 1_800_000_900,
        "iss": "tenon", "aud": "tenon-api",
    })
}

/// A key, and its text.
struct Pair {
    pem: String,
    key: TokenKey,
}

impl Pair {
    fn new(kind: TokenKeyKind) -> Self {
        let pem = TokenKey::generate(kind).unwrap();
        Self { key: TokenKey::from_pem(&pem).unwrap(), pem }
    }

    fn der(&self) -> Vec<u8> {
        STANDARD.decode(self.pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap()
    }

    fn tokens(&self) -> JwtAccessTokens {
        reader(&[&self.key])
    }
}

static ED25519: LazyLock<Pair> = LazyLock::new(|| Pair::new(TokenKeyKind::Ed25519));
static P256: LazyLock<Pair> = LazyLock::new(|| Pair::new(TokenKeyKind::P256));

fn reader(keys: &[&TokenKey]) -> JwtAccessTokens {
    let keys: Vec<_> = keys.iter().map(|key| (*key).clone()).collect();
    JwtAccessTokens::new(&secret()).with_keys(&keys, now()).unwrap()
}

fn forge(algorithm: Algorithm, key_id: Option<&str>, payload: &Value, key: &EncodingKey) -> String {
    let header = Header { kid: key_id.map(str::to_owned), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, payload, key).unwrap()
}

#[test]
fn a_token_names_the_key_that_signed_it() {
    for (pair, algorithm) in [(&*ED25519, "EdDSA"), (&*P256, "ES256")] {
        let tokens = pair.tokens();
        let token = tokens.issue(&claims(now())).unwrap();
        assert_eq!(tokens.read(&token, now()), Ok(claims(now())));
        assert_eq!(tokens.read(&token, claims(now()).expires_at), Err(Denial::ExpiredToken));
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        assert_eq!(header, json!({"typ": "JWT", "alg": algorithm, "kid": pair.key.id()}));
        assert_eq!(tokens.verification_keys(), [pair.key.published().clone()]);
        let (signed, _) = token.rsplit_once('.').unwrap();
        assert_eq!(
            tokens.read(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode([7; 64])), now()),
            Err(Denial::InvalidToken)
        );
    }
}

#[test]
fn keys_are_changed_without_refusing_a_token() {
    let (old, new) = (&ED25519.key, &P256.key);
    let token_of_old = reader(&[old]).issue(&claims(now())).unwrap();
    let both = reader(&[new, old]);
    let token_of_new = both.issue(&claims(now())).unwrap();
    for token in [&token_of_old, &token_of_new] {
        assert_eq!(both.read(token, now()), Ok(claims(now())));
        assert_eq!(reader(&[old, new]).read(token, now()), Ok(claims(now())), "a reader that still signs with the old");
    }
    assert_eq!(reader(&[new]).read(&token_of_old, now()), Err(Denial::InvalidToken), "a key that was taken away");
    assert_eq!(reader(&[old]).read(&token_of_new, now()), Err(Denial::InvalidToken), "a key that is not known");
    assert_eq!(JwtAccessTokens::new(&secret()).read(&token_of_new, now()), Err(Denial::InvalidToken));
    let ids: Vec<_> = both.verification_keys().iter().map(|key| key.id.clone()).collect();
    assert_eq!(ids, [new.id(), old.id()]);
}

#[test]
fn tokens_of_the_secret_end_with_their_time() {
    let before = JwtAccessTokens::new(&secret());
    let token = before.issue(&claims(now())).unwrap();
    let tokens = ED25519.tokens();
    assert_eq!(tokens.read(&token, now()), Ok(claims(now())));
    assert_eq!(tokens.read(&token, now() + ACCESS_TOKEN_LIFETIME), Err(Denial::ExpiredToken));
    let later = before.issue(&claims(now() + TimeDelta::seconds(1))).unwrap();
    assert_eq!(tokens.read(&later, now()), Err(Denial::InvalidToken), "issued when there was a key already");
    assert!(before.verification_keys().is_empty());
}

#[test]
fn without_keys_nothing_changes_and_a_public_key_signs_nothing() {
    let tokens = JwtAccessTokens::new(&secret()).with_keys(&[], now()).unwrap();
    let later = claims(now() + TimeDelta::days(1));
    assert_eq!(tokens.read(&JwtAccessTokens::new(&secret()).issue(&later).unwrap(), now()), Ok(later));
    // RFC 8037, appendix A.2.
    let public = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
        -----END PUBLIC KEY-----\n";
    let public = TokenKey::from_pem(public).unwrap();
    let refused = JwtAccessTokens::new(&secret()).with_keys(&[public], now());
    assert!(matches!(refused, Err(SecurityError::PublicTokenKey)));
}

#[test]
fn the_algorithm_is_that_of_the_key() {
    let tokens = reader(&[&ED25519.key, &P256.key]);
    let (ed25519, p256) = (EncodingKey::from_ed_der(&ED25519.der()), EncodingKey::from_ec_der(&P256.der()));
    let derived = EncodingKey::from_secret(&secret().key("access-tokens"));
    let genuine = [
        forge(Algorithm::EdDSA, Some(ED25519.key.id()), &payload(), &ed25519),
        forge(Algorithm::ES256, Some(P256.key.id()), &payload(), &p256),
        forge(Algorithm::HS256, None, &payload(), &derived),
    ];
    for token in &genuine {
        assert_eq!(tokens.read(token, now()), Ok(claims(now())));
    }
    let mut refused = vec![
        forge(Algorithm::EdDSA, None, &payload(), &ed25519),
        forge(Algorithm::EdDSA, Some(P256.key.id()), &payload(), &ed25519),
        forge(Algorithm::ES256, None, &payload(), &p256),
        forge(Algorithm::ES256, Some(ED25519.key.id()), &payload(), &p256),
        forge(Algorithm::HS256, Some("other"), &payload(), &derived),
        forge(Algorithm::HS256, Some(""), &payload(), &derived),
    ];
    // What is public is no secret.
    for pair in [&*ED25519, &*P256] {
        let x = &pair.key.published().x;
        let public = [x.clone().into_bytes(), URL_SAFE_NO_PAD.decode(x).unwrap(), pair.key.id().as_bytes().to_vec()];
        for public in public {
            let key = EncodingKey::from_secret(&public);
            refused.push(forge(Algorithm::HS256, Some(pair.key.id()), &payload(), &key));
            refused.push(forge(Algorithm::HS256, None, &payload(), &key));
        }
        refused.push(forge(Algorithm::HS256, Some(pair.key.id()), &payload(), &derived));
        for algorithm in ["none", "HS256", "RS256", "EdDSA", "ES256"] {
            let header = json!({"alg": algorithm, "typ": "JWT", "kid": pair.key.id()});
            let [header, body] = [header, payload()].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
            refused.push(format!("{header}.{body}."));
        }
    }
    // A header that brings its own key brings nothing.
    let stranger = Pair::new(TokenKeyKind::Ed25519);
    let header = json!({
        "alg": "EdDSA", "typ": "JWT", "kid": ED25519.key.id(),
        "jwk": {"kty": "OKP", "crv": "Ed25519", "x": stranger.key.published().x},
    });
    let header: Header = serde_json::from_value(header).unwrap();
    let own = EncodingKey::from_ed_der(&stranger.der());
    refused.push(jsonwebtoken::encode(&header, &payload(), &own).unwrap());
    for token in refused {
        assert_eq!(tokens.read(&token, now()), Err(Denial::InvalidToken), "{token}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_header_makes_the_reader_panic(
        algorithm in prop::sample::select(vec!["EdDSA", "ES256", "HS256", "RS256", "none", ""]),
        key_id in prop_oneof![
            any::<String>(), Just(ED25519.key.id().to_owned()), Just(P256.key.id().to_owned()),
        ],
        signature in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let tokens = reader(&[&ED25519.key, &P256.key]);
        let header = json!({"alg": algorithm, "typ": "JWT", "kid": key_id});
        let [header, body] = [header, payload()].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let token = format!("{header}.{body}.{}", URL_SAFE_NO_PAD.encode(signature));
        prop_assert_eq!(tokens.read(&token, now()), Err(Denial::InvalidToken));
    }

    #[test]
    fn no_text_is_a_key(text in any::<String>(), body in "[A-Za-z0-9+/]{0,64}") {
        prop_assert!(TokenKey::from_pem(&text).is_err());
        for label in ["PRIVATE KEY", "PUBLIC KEY"] {
            let text = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
            prop_assert!(TokenKey::from_pem(&text).is_err());
        }
    }
}
