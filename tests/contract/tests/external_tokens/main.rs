//! Access tokens of other issuers, whose keys are fetched over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod issuer;
mod properties;
mod rsa;

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tenon_application::identity::{ExternalClaims, ExternalTokens, TokenSubject};
use tenon_application::{AppError, Denial};
use tenon_domain::Timestamp;
use tenon_domain::access::Scope;
use tenon_infrastructure::security::{JwksExternalTokens, TokenKeyKind};
use uuid::Uuid;

use self::issuer::{Issuer, Signer};

const REFUSED: AppError = AppError::Unauthenticated(Denial::InvalidToken);

fn now() -> Timestamp {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn after(seconds: i64) -> Timestamp {
    now() + TimeDelta::seconds(seconds)
}

fn expected() -> ExternalClaims {
    ExternalClaims {
        subject: TokenSubject::User(Uuid::from_u128(7).into()),
        organization: None,
        scopes: [Scope::TasksRead].into_iter().collect(),
    }
}

/// Whether it is known by now that the issuer is away.
fn is_unavailable(outcome: &Result<ExternalClaims, AppError>) -> bool {
    matches!(outcome, Err(AppError::UnavailableFor { .. }))
}

/// After how many seconds it is asked again, if it is away.
fn pause(outcome: &Result<ExternalClaims, AppError>) -> Option<u64> {
    match outcome {
        Err(AppError::UnavailableFor { retry_after, .. }) => Some(retry_after.as_secs()),
        _ => None,
    }
}

#[tokio::test]
async fn tokens_of_every_kind_of_key_are_read() {
    let signers = [Signer::ed25519("a"), Signer::new(TokenKeyKind::P256, "b"), Signer::rsa("c")];
    let issuer = Issuer::start(&signers.each_ref()).await;
    let reader = issuer.reader();
    for signer in &signers {
        for typ in [None, Some("JWT"), Some("at+jwt"), Some("application/AT+JWT")] {
            let header = Header { typ: typ.map(str::to_owned), ..signer.header() };
            let token = signer.sign_as(&header, &issuer.claims());
            assert_eq!(reader.read(&token, now()).await, Ok(expected()), "{} {typ:?}", signer.id());
            assert_eq!(reader.read(&token, now()).await, Ok(expected()), "remembered");
        }
    }
    let nameless = signers[0].sign_as(&Header::new(Algorithm::EdDSA), &issuer.claims());
    assert_eq!(reader.read(&nameless, now()).await, Ok(expected()), "only one key goes with it");
    assert_eq!(issuer.asked(), 1);
    assert_eq!(reader.ask_all().await, [(issuer.url(), Ok(3))]);
}

#[tokio::test]
async fn what_is_not_right_is_refused_and_always_in_the_same_way() {
    let (ed25519, p256) = (Signer::ed25519("a"), Signer::new(TokenKeyKind::P256, "b"));
    let issuer = Issuer::start(&[&ed25519, &p256]).await;
    let reader = issuer.reader();
    let mut refused: Vec<String> = [
        ("iss", json!("https://elsewhere.example")),
        ("iss", json!(format!("{}/", issuer.url()))),
        ("iss", json!([issuer.url()])),
        ("iss", json!(null)),
        ("aud", json!("other")),
        ("aud", json!(null)),
        ("exp", json!(null)),
        ("nbf", json!(1_800_000_061)),
        ("iat", json!(1_800_000_061)),
        ("sub", json!("somebody")),
        ("cnf", json!({"jkt": "thumbprint"})),
        ("nonce", json!("of an ID token")),
        ("at_hash", json!("of an ID token")),
        ("c_hash", json!("of an ID token")),
        ("typ", json!("ID")),
    ]
    .into_iter()
    .map(|(name, value)| ed25519.sign(&issuer.claims_with(name, value)))
    .collect();

    let stranger = Signer::ed25519("a");
    refused.push(stranger.sign(&issuer.claims()));
    for header in [
        Header { kid: Some("b".to_owned()), ..ed25519.header() },
        Header { typ: Some("logout+jwt".to_owned()), ..ed25519.header() },
        Header { crit: Some(vec!["b64".to_owned()]), ..ed25519.header() },
    ] {
        refused.push(ed25519.sign_as(&header, &issuer.claims()));
    }
    // A header that brings its own key brings nothing.
    let header = json!({"alg": "EdDSA", "kid": "a", "jwk": stranger.public, "jku": issuer.url()});
    refused.push(stranger.sign_as(&serde_json::from_value(header).unwrap(), &issuer.claims()));
    // What is public is no secret.
    let x = ed25519.public["x"].as_str().unwrap();
    for public in [x.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(x).unwrap(), ed25519.public.to_string().into_bytes()] {
        let header = Header { kid: Some("a".to_owned()), ..Header::new(Algorithm::HS256) };
        let key = EncodingKey::from_secret(&public);
        refused.push(jsonwebtoken::encode(&header, &issuer.claims(), &key).unwrap());
    }
    for algorithm in ["none", "None", "HS256", "EdDSA", "ES256", "RS256"] {
        let header = json!({"alg": algorithm, "typ": "JWT", "kid": "a"});
        let [header, body] = [header, issuer.claims()].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        refused.push(format!("{header}.{body}."));
        refused.push(format!("{header}.{body}.{}", URL_SAFE_NO_PAD.encode([7; 64])));
    }
    refused.push(ed25519.sign(&issuer.claims_with("long", json!("x".repeat(20_000)))));
    for token in refused {
        assert_eq!(reader.read(&token, now()).await, Err(REFUSED), "{token}");
    }
    let expired = ed25519.sign(&issuer.claims_with("exp", json!(1_799_999_940)));
    assert_eq!(reader.read(&expired, now()).await, Err(AppError::Unauthenticated(Denial::ExpiredToken)));
}

#[tokio::test]
async fn a_nonce_makes_no_id_token_of_what_says_that_it_is_for_access() {
    let signer = Signer::ed25519("a");
    let issuer = Issuer::start(&[&signer]).await;
    let reader = issuer.reader();
    let claims = issuer.claims_with("nonce", json!("n-0S6_WzA2Mj"));
    let standard = Header { typ: Some("at+jwt".to_owned()), ..signer.header() };
    assert_eq!(reader.read(&signer.sign_as(&standard, &claims), now()).await, Ok(expected()));
    let mut of_keycloak = claims.clone();
    of_keycloak["typ"] = json!("Bearer");
    assert_eq!(reader.read(&signer.sign(&of_keycloak), now()).await, Ok(expected()));

    let mut id_token = claims.clone();
    id_token["typ"] = json!("ID");
    for token in [signer.sign(&claims), signer.sign(&id_token), signer.sign_as(&standard, &id_token)] {
        assert_eq!(reader.read(&token, now()).await, Err(REFUSED), "{token}");
    }
}

#[tokio::test]
async fn a_token_is_remembered_for_as_long_as_it_is_good() {
    let signer = Signer::ed25519("a");
    let issuer = Issuer::start(&[&signer]).await;
    let reader = issuer.reader();
    let token = signer.sign(&issuer.claims_with("exp", json!(1_800_000_030)));
    assert_eq!(reader.read(&token, now()).await, Ok(expected()));
    assert_eq!(reader.read(&token, after(89)).await, Ok(expected()), "clocks may differ by a minute");
    assert_eq!(reader.read(&token, after(90)).await, Err(AppError::Unauthenticated(Denial::ExpiredToken)));
}

#[tokio::test]
async fn keys_are_changed_while_nobody_is_refused() {
    let (old, new, newest) = (Signer::ed25519("old"), Signer::ed25519("new"), Signer::ed25519("newest"));
    let issuer = Issuer::start(&[&old]).await;
    let reader = issuer.reader();
    let token_of_old = old.sign(&issuer.claims());
    assert_eq!(reader.read(&token_of_old, now()).await, Ok(expected()));

    issuer.publish(&[&new, &old]);
    assert_eq!(reader.read(&new.sign(&issuer.claims()), after(1)).await, Ok(expected()), "asked for again at once");
    assert_eq!(reader.read(&token_of_old, after(1)).await, Ok(expected()));

    issuer.publish(&[&newest]);
    let token_of_newest = newest.sign(&issuer.claims());
    assert_eq!(reader.read(&token_of_newest, after(30)).await, Err(REFUSED), "but not again within 30 seconds");
    assert_eq!(reader.read(&token_of_newest, after(31)).await, Ok(expected()));
    assert_eq!(reader.read(&token_of_old, after(31)).await, Err(REFUSED), "also what was remembered");
    assert_eq!(issuer.asked(), 3);
}

#[tokio::test]
async fn keys_that_are_taken_away_are_good_for_nothing_once_they_are_old() {
    let (old, new) = (Signer::ed25519("old"), Signer::ed25519("new"));
    let issuer = Issuer::start(&[&old, &new]).await;
    let reader = issuer.reader();
    let token = old.sign(&issuer.claims());
    assert_eq!(reader.read(&token, now()).await, Ok(expected()));
    issuer.publish(&[&new]);
    assert_eq!(reader.read(&token, after(59)).await, Ok(expected()), "the issuer said so");
    // The one who has it asked again does not wait.
    assert_eq!(reader.read(&token, after(60)).await, Ok(expected()));
    let asked = async {
        while reader.read(&token, after(60)).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), asked).await.expect("it is asked");
    assert_eq!(reader.read(&token, after(60)).await, Err(REFUSED));
}

#[tokio::test]
async fn nobody_waits_for_an_issuer_that_hangs_as_long_as_its_keys_are_known() {
    let signer = Signer::ed25519("a");
    let issuer = Issuer::start(&[&signer]).await;
    let reader = issuer.reader();
    let token = signer.sign(&issuer.claims());
    assert_eq!(reader.read(&token, now()).await, Ok(expected()));
    issuer.fall_silent();
    let another = signer.sign(&issuer.claims_with("jti", json!("2")));
    for (token, seconds) in [(&token, 60), (&another, 61), (&token, 100)] {
        let read = tokio::time::timeout(Duration::from_secs(1), reader.read(token, after(seconds))).await;
        assert_eq!(read.expect("an answer at once"), Ok(expected()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_that_hangs_holds_up_a_few_and_none_of_another_one() {
    let signer = Signer::ed25519("a");
    let (slow, other) = (Issuer::start(&[&signer]).await, Issuer::start(&[&signer]).await);
    slow.fall_silent();
    let reader = slow.reader_with(&[&other]);
    let token = signer.sign(&slow.claims());
    let waiting: Vec<_> = (0..300)
        .map(|_| {
            let (reader, token) = (reader.clone(), token.clone());
            tokio::spawn(async move { (reader.read(&token, now()).await, Instant::now()) })
        })
        .collect();
    let began = Instant::now();
    let quick = tokio::time::timeout(Duration::from_secs(2), reader.read(&signer.sign(&other.claims()), now())).await;
    assert_eq!(quick.expect("an answer at once"), Ok(expected()));
    let mut turned_away = 0;
    for one in waiting {
        let (read, at) = one.await.unwrap();
        assert!(is_unavailable(&read), "{read:?}");
        turned_away += usize::from(at - began < Duration::from_secs(2));
    }
    assert_eq!(turned_away, 300 - 256, "the line has an end");
}

#[tokio::test]
async fn while_an_issuer_is_away_its_keys_are_good_for_a_day() {
    let signer = Signer::ed25519("a");
    let issuer = Issuer::start(&[&signer]).await;
    let reader = issuer.reader();
    let token = signer.sign(&issuer.claims());
    issuer.leave();
    assert_eq!(pause(&reader.read(&token, now()).await), Some(30), "nothing is known of it");
    issuer.come_back();
    assert_eq!(pause(&reader.read(&token, after(29)).await), Some(1), "it is not asked all the time");
    assert_eq!(reader.read(&token, after(30)).await, Ok(expected()));

    issuer.leave();
    let day = 24 * 60 * 60;
    let another = signer.sign(&issuer.claims_with("jti", json!("2")));
    for seconds in [30 + 60, 30 + 60 + day - 1] {
        assert_eq!(reader.read(&token, after(seconds)).await, Ok(expected()));
        assert_eq!(reader.read(&another, after(seconds)).await, Ok(expected()));
    }
    assert!(is_unavailable(&reader.read(&token, after(30 + 60 + day)).await));
    issuer.come_back();
    assert_eq!(reader.read(&token, after(30 + 60 + day + 30)).await, Ok(expected()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_ask_once() {
    let signer = Signer::ed25519("a");
    let issuer = Issuer::start(&[&signer]).await;
    let reader = issuer.reader();
    let reads = (0..20).map(|n| {
        let (reader, token) = (reader.clone(), signer.sign(&issuer.claims_with("jti", json!(n.to_string()))));
        tokio::spawn(async move { reader.read(&token, now()).await })
    });
    for read in reads.collect::<Vec<_>>() {
        assert_eq!(read.await.unwrap(), Ok(expected()));
    }
    assert_eq!(issuer.asked(), 1);
    for n in 0..20 {
        let made_up = Signer::ed25519(&format!("made up {n}"));
        assert_eq!(reader.read(&made_up.sign(&issuer.claims()), after(1)).await, Err(REFUSED));
    }
    assert_eq!(issuer.asked(), 2, "once for all of them");
}

#[tokio::test]
async fn who_calls_itself_otherwise_is_not_believed() {
    let signer = Signer::ed25519("a");
    let issuer = Issuer::start(&[&signer]).await;
    issuer.call_itself("https://elsewhere.example");
    let reader: JwksExternalTokens = issuer.reader();
    assert!(is_unavailable(&reader.read(&signer.sign(&issuer.claims()), now()).await));
    let answers: Vec<(String, Result<usize, String>)> = reader.ask_all().await;
    assert!(answers[0].1.as_ref().is_err_and(|why| why.contains("elsewhere")), "{answers:?}");
}

/// A token that a test made with its own hands.
fn assemble(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(signature))
}
