mod reading;

use chrono::{TimeZone, Utc};
use ed25519_dalek::{Signer, SigningKey};
use openidconnect::core::CoreJsonWebKey;
use proptest::prelude::*;
use serde_json::json;
use tenon_domain::identity::Issuer;
use tokio::time::Instant;

use super::*;
use crate::oidc::directory::Metadata;

const ISSUER: &str = "https://idp.example.com";

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 21, 9, 30, 0).unwrap()
}

fn client() -> OidcClient {
    OidcClient {
        is_trusted: false,
        issuer: Issuer::parse(ISSUER).unwrap(),
        client_id: "tenon".to_owned(),
        client_secret: None,
        scopes: "openid".to_owned(),
        redirect_uri: "https://tenon.example/callback".to_owned(),
        groups_claim: None,
    }
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

/// A provider with the public half of this key.
fn provider(key: &SigningKey, kid: &str) -> Known {
    let public = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": kid, "x": public});
    let jwk: CoreJsonWebKey = serde_json::from_value(jwk).unwrap();
    let metadata = Metadata { id_token_signing_alg_values_supported: vec!["EdDSA".to_owned()], ..Metadata::default() };
    Known { metadata, keys: vec![jwk], fetched: Instant::now() }
}

fn claims() -> Value {
    let (issued, expires) = (now().timestamp() - 5, now().timestamp() + 60);
    json!({
        "iss": ISSUER, "aud": "tenon", "sub": "ada", "nonce": "nonce", "iat": issued, "exp": expires,
        "email": "ada@example.com", "email_verified": true,
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn signed(header: &Value, claims: &Value, key: &SigningKey) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", encode(header), encode(claims));
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(key.sign(text.as_bytes()).to_bytes()))
}

fn token(claims: &Value) -> String {
    signed(&json!({"alg": "EdDSA", "kid": "a"}), claims, &key(1))
}

fn verified(token: &str) -> Result<Claims, Disbelief> {
    verify(token, &client(), "nonce", &provider(&key(1), "a"), now())
}

#[test]
fn a_token_of_the_issuer_for_this_client_and_sign_in_is_believed() {
    let found = verified(&token(&claims())).unwrap();
    assert_eq!(found["sub"], "ada");
    assert!(verified(&token(&with("azp", json!("tenon")))).is_ok());
    assert!(verified(&token(&with("azp", Value::Null))).is_ok());
    assert!(verified(&token(&with("aud", json!(["tenon"])))).is_ok());
}

#[test]
fn claims_that_nobody_asks_for_may_be_anything() {
    for (name, value) in [
        ("address", json!("1 Main Street")),
        ("zoneinfo", json!(7)),
        ("locale", json!(["en"])),
        ("acr", json!(1)),
        ("amr", json!("pwd")),
        ("auth_time", json!("yesterday")),
        ("updated_at", json!("2026-11-21T09:30:00Z")),
        ("phone_number_verified", json!("perhaps")),
        ("at_hash", json!(false)),
    ] {
        let outcome = verified(&token(&with(name, value.clone())));
        assert!(outcome.is_ok(), "{name} = {value}: {outcome:?}");
    }
}

#[test]
fn clocks_may_be_a_minute_apart() {
    let at = |seconds: i64| json!(now().timestamp() + seconds);
    for (name, good, bad) in [("exp", -59, -60), ("iat", 60, 61), ("nbf", 60, 61)] {
        assert!(verified(&token(&with(name, at(good)))).is_ok(), "{name} {good}");
        assert!(matches!(verified(&token(&with(name, at(bad)))), Err(Disbelief::Claims(_))), "{name} {bad}");
    }
    let with_fraction = json!(now().timestamp() as f64 + 30.5);
    assert!(verified(&token(&with("exp", with_fraction))).is_ok());
}

#[test]
fn another_kind_of_token_is_none() {
    let of_type = |typ: &str| verified(&signed(&json!({"alg": "EdDSA", "kid": "a", "typ": typ}), &claims(), &key(1)));
    for typ in ["JWT", "jwt", "application/jwt", "JOSE"] {
        assert!(of_type(typ).is_ok(), "{typ}");
    }
    for typ in ["at+jwt", "logout+jwt", "secevent+jwt", ""] {
        assert!(matches!(of_type(typ), Err(Disbelief::Claims(_))), "{typ}");
    }
    for (name, value) in [("cty", json!("JWT")), ("crit", json!(["exp"])), ("crit", json!([]))] {
        let mut header = json!({"alg": "EdDSA", "kid": "a"});
        header[name] = value;
        assert!(matches!(verified(&signed(&header, &claims(), &key(1))), Err(Disbelief::Claims(_))), "{header}");
    }
}

#[test]
fn what_is_not_exactly_that_is_not() {
    for (name, value) in [
        ("iss", json!("https://evil.example.com")),
        ("iss", json!("https://idp.example.com/")),
        ("aud", json!("another")),
        ("aud", json!(["tenon", "another"])),
        ("aud", json!([])),
        ("azp", json!("another")),
        ("azp", json!(7)),
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("exp", json!(now().timestamp() - 60)),
        ("exp", json!("2027-01-01T00:00:00Z")),
        ("exp", Value::Null),
        ("iat", Value::Null),
        ("nbf", json!("soon")),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("sub", json!(7)),
    ] {
        let outcome = verified(&token(&with(name, value.clone())));
        assert!(matches!(outcome, Err(Disbelief::Claims(_))), "{name} = {value}: {outcome:?}");
    }
}

#[test]
fn only_the_keys_of_the_issuer_sign() {
    let is_bad = |token: &str| matches!(verified(token), Err(Disbelief::Signature(_)));
    let header = json!({"alg": "EdDSA", "kid": "a"});
    assert!(is_bad(&signed(&header, &claims(), &key(2))), "another key");
    assert!(is_bad(&signed(&json!({"alg": "EdDSA", "kid": "b"}), &claims(), &key(1))), "a key that is not known yet");
    assert!(is_bad(&signed(&json!({"alg": "HS256", "kid": "a"}), &claims(), &key(1))), "a shared secret");
    let unsigned = signed(&json!({"alg": "none"}), &claims(), &key(1));
    let (unsigned, _) = unsigned.rsplit_once('.').unwrap();
    assert!(verified(&format!("{unsigned}.")).is_err(), "no signature");
    let genuine = token(&claims());
    let (head, signature) = genuine.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let other = URL_SAFE_NO_PAD.encode(with("sub", json!("grace")).to_string());
    assert!(is_bad(&format!("{header}.{other}.{signature}")), "other claims");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 16, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Value::from))
}

proptest! {
    #[test]
    fn no_text_is_a_token_and_none_makes_it_panic(text in any::<String>(), near in "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,4}") {
        let known = provider(&key(1), "a");
        for text in [text, near] {
            prop_assert!(verify(&text, &client(), "nonce", &known, now()).is_err());
        }
    }

    #[test]
    fn no_claim_that_a_provider_signs_makes_it_panic(
        name in "(sub|email|email_verified|name|groups|_claim_names|azp|aud|exp|iat|nonce|iss|auth_time|amr|address)",
        value in any_json(),
        header in any_json(),
    ) {
        let known = provider(&key(1), "a");
        let told = with(&name, value);
        if let Ok(claims) = verify(&token(&told), &client(), "nonce", &known, now()) {
            let _ = read(&claims, Some(&claims), Some("groups"));
        }
        let odd = signed(&json!({"alg": header, "kid": "a"}), &told, &key(1));
        prop_assert!(verify(&odd, &client(), "nonce", &known, now()).is_err());
    }
}
