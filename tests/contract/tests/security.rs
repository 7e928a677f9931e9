//! Passwords and tokens.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;
use tenon_application::identity::{
    AccessTokens, Claims, PasswordHasher, RefreshTokenFacts, RefreshTokens, SecretTokens,
};
use tenon_application::organizations::InvitationTokens;
use tenon_application::{AppError, Denial};
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{Password, PasswordHash};
use tenon_domain::{SessionId, Timestamp};
use tenon_infrastructure::security::{
    Argon2Hasher, BcryptHasher, BoundedPasswordHasher, HasherLimits, JwtAccessTokens, MasterSecret, PasswordAlgorithm,
    RandomSecretTokens, SignedInvitationTokens, SignedRefreshTokens,
};
use uuid::Uuid;

const LIMITS: HasherLimits = HasherLimits { concurrent: 2, waiting: 20 };

fn secret(byte: u8) -> MasterSecret {
    MasterSecret::new(&[byte; 32]).unwrap()
}

fn password(text: &str) -> Password {
    Password::attempt(text.to_owned())
}

fn bcrypt(cost: u32) -> BoundedPasswordHasher {
    let algorithm = PasswordAlgorithm::Bcrypt(BcryptHasher::new(cost).unwrap());
    BoundedPasswordHasher::new(algorithm, LIMITS).unwrap()
}

fn argon2() -> BoundedPasswordHasher {
    let algorithm = PasswordAlgorithm::Argon2id(Argon2Hasher::with_cost(256, 1, 1).unwrap());
    BoundedPasswordHasher::new(algorithm, LIMITS).unwrap()
}

async fn a_hash_is_that_of_one_password(hasher: BoundedPasswordHasher) {
    let long = "p".repeat(72);
    for text in ["correct horse battery", "pass\0word", "Пароль 密码 🔑", &long] {
        let hash = hasher.hash(password(text)).await.unwrap();
        assert!(!hash.as_str().contains(text));
        assert!(hasher.verify(password(text), Some(hash.clone())).await.unwrap());
        for wrong in [format!("{text}!"), text[..4].to_owned(), String::new()] {
            assert!(!hasher.verify(password(&wrong), Some(hash.clone())).await.unwrap(), "{wrong:?}");
        }
        assert_ne!(hasher.hash(password(text)).await.unwrap(), hash, "hashes are salted");
    }
    assert!(!hasher.verify(password("anything"), None).await.unwrap());
    let broken = PasswordHash::new("not a hash".to_owned());
    assert!(matches!(hasher.verify(password("anything"), Some(broken)).await, Err(AppError::Internal(_))));
}

#[tokio::test]
async fn bcrypt_hashes_are_of_one_password() {
    a_hash_is_that_of_one_password(bcrypt(4)).await;
}

#[tokio::test]
async fn argon2id_hashes_are_of_one_password() {
    a_hash_is_that_of_one_password(argon2()).await;
}

#[tokio::test]
async fn each_hasher_recognizes_the_other_ones_hashes() {
    let (bcrypt, argon2) = (bcrypt(4), argon2());
    let old = bcrypt.hash(password("correct horse")).await.unwrap();
    assert!(old.as_str().starts_with("$bcrypt-sha384$2b$04$"), "{}", old.as_str());
    assert!(argon2.verify(password("correct horse"), Some(old)).await.unwrap());
    let new = argon2.hash(password("correct horse")).await.unwrap();
    assert!(new.as_str().starts_with("$argon2id$v=19$"), "{}", new.as_str());
    assert!(bcrypt.verify(password("correct horse"), Some(new)).await.unwrap());
}

#[tokio::test]
async fn an_unknown_account_takes_as_long_as_a_wrong_password() {
    let hasher = bcrypt(10);
    let hash = hasher.hash(password("correct horse")).await.unwrap();
    let (mut known, mut unknown) = (Duration::MAX, Duration::MAX);
    // The shortest of several is the one that nothing else disturbed.
    for _ in 0..7 {
        let start = Instant::now();
        hasher.verify(password("wrong"), Some(hash.clone())).await.unwrap();
        known = known.min(start.elapsed());
        let start = Instant::now();
        hasher.verify(password("wrong"), None).await.unwrap();
        unknown = unknown.min(start.elapsed());
    }
    let ratio = known.as_secs_f64() / unknown.as_secs_f64();
    assert!((0.6..1.6).contains(&ratio), "{known:?} {unknown:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_refused_and_passes() {
    let algorithm = PasswordAlgorithm::Bcrypt(BcryptHasher::new(9).unwrap());
    let limits = HasherLimits { concurrent: 1, waiting: 3 };
    let hasher = Arc::new(BoundedPasswordHasher::new(algorithm, limits).unwrap());
    let flood: Vec<_> = (0..40)
        .map(|_| {
            let hasher = Arc::clone(&hasher);
            tokio::spawn(async move { hasher.verify(password("wrong"), None).await })
        })
        .collect();
    let (mut answered, mut refused) = (0, 0);
    for request in flood {
        match request.await.unwrap() {
            Ok(false) => answered += 1,
            Err(AppError::Unavailable(_)) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(answered >= 4 && refused > 0, "{answered} answered, {refused} refused");
    assert!(!hasher.verify(password("wrong"), None).await.unwrap());
}

#[test]
fn unusable_costs_are_refused() {
    assert!(BcryptHasher::new(3).is_err() && BcryptHasher::new(32).is_err());
    assert!(Argon2Hasher::with_cost(1, 0, 1).is_err());
}

fn now() -> Timestamp {
    DateTime::from_timestamp(1_800_000_000, 123_000_000).unwrap()
}

fn claims() -> Claims {
    Claims {
        user: Uuid::from_u128(1).into(),
        organization: Uuid::from_u128(2).into(),
        session: Uuid::from_u128(3).into(),
        role: OrganizationRole::Admin,
        issued_at: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
        expires_at: DateTime::from_timestamp(1_800_000_900, 0).unwrap(),
    }
}

#[test]
fn an_access_token_says_what_it_was_issued_for_until_it_expires() {
    let tokens = JwtAccessTokens::new(&secret(1));
    let token = tokens.issue(&claims()).unwrap();
    assert_eq!(tokens.read(&token, now()), Ok(claims()));
    assert_eq!(tokens.read(&token, claims().expires_at - TimeDelta::milliseconds(1)), Ok(claims()));
    assert_eq!(tokens.read(&token, claims().expires_at), Err(Denial::ExpiredToken));
    let payload: serde_json::Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap();
    assert_eq!(payload["iss"], "tenon");
    assert_eq!(payload["aud"], "tenon-api");
    assert_eq!(payload["exp"], 1_800_000_900);
}

/// A token with this header and payload, signed with this key as HMAC-SHA256.
fn forge(algorithm: jsonwebtoken::Algorithm, payload: &serde_json::Value, key: &[u8]) -> String {
    let key = jsonwebtoken::EncodingKey::from_secret(key);
    jsonwebtoken::encode(&jsonwebtoken::Header::new(algorithm), payload, &key).unwrap()
}

fn payload() -> serde_json::Value {
    let id = |n| Uuid::from_u128(n).to_string();
    serde_json::json!({
        "sub": id(1), "org": id(2), "sid": id(3), "role": "admin", "iat": 1_800_000_000, "exp": 1_800_000_900,
        "iss": "tenon", "aud": "tenon-api",
    })
}

#[test]
fn forged_access_tokens_are_refused() {
    use jsonwebtoken::Algorithm::{HS256, HS384};
    let tokens = JwtAccessTokens::new(&secret(1));
    let key = secret(1).key("access-tokens");
    assert_eq!(tokens.read(&forge(HS256, &payload(), &key), now()), Ok(claims()));
    let mut refused = vec![
        tokens.issue(&claims()).unwrap() + "x",
        JwtAccessTokens::new(&secret(2)).issue(&claims()).unwrap(),
        // The secret itself signs nothing, and other algorithms do not count.
        forge(HS256, &payload(), &[1; 32]),
        forge(HS384, &payload(), &key),
    ];
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let body = URL_SAFE_NO_PAD.encode(payload().to_string());
    refused.extend([format!("{header}.{body}."), format!("{header}.{body}")]);
    for (field, value) in
        [("iss", "other"), ("aud", "other"), ("role", "emperor"), ("sub", "nobody"), ("exp", "tomorrow")]
    {
        let mut wrong = payload();
        wrong[field] = value.into();
        refused.push(forge(HS256, &wrong, &key));
        wrong.as_object_mut().unwrap().remove(field);
        refused.push(forge(HS256, &wrong, &key));
    }
    let mut endless = payload();
    endless["exp"] = i64::MAX.into();
    refused.push(forge(HS256, &endless, &key));
    for token in refused {
        assert_eq!(tokens.read(&token, now()), Err(Denial::InvalidToken), "{token}");
    }
}

#[test]
fn secret_tokens_are_random_and_their_digests_are_sha_256() {
    let (one, other) = (RandomSecretTokens.random(), RandomSecretTokens.random());
    assert_ne!(one, other);
    assert_eq!(URL_SAFE_NO_PAD.decode(&one).unwrap().len(), 32);
    let numbers = [RandomSecretTokens.random_numbers(), RandomSecretTokens.random_numbers()].concat();
    assert!(numbers.iter().all(|number| numbers.iter().filter(|it| it == &number).count() == 1), "{numbers:?}");
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(RandomSecretTokens.digest("abc").as_str(), expected);
}

#[test]
fn an_invitation_token_names_its_invitation() {
    let tokens = SignedInvitationTokens::new(&secret(1), "https://tenon.example.com/");
    let id = Uuid::from_u128(7).into();
    let token = tokens.issue(id);
    assert_eq!(tokens.read(&token), Some(id));
    assert_eq!(tokens.accept_url(&token), format!("https://tenon.example.com/invitations/accept?token={token}"));
    assert_eq!(SignedInvitationTokens::new(&secret(2), "").read(&token), None);
    // Not one bit may differ.
    let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
    for place in 0..bytes.len() {
        let mut forged = bytes.clone();
        forged[place] ^= 1;
        assert_eq!(tokens.read(&URL_SAFE_NO_PAD.encode(&forged)), None);
        assert_eq!(tokens.read(&URL_SAFE_NO_PAD.encode(&bytes[..place])), None);
    }
}

/// How a refresh token begins: the prefix and the session.
const NAMED: usize = "tenon_rt_".len() + 32 + "_".len();

#[test]
fn a_refresh_token_names_its_session_and_is_told_from_what_somebody_made_up() {
    let tokens = SignedRefreshTokens::new(&secret(1));
    let (session, other) = (SessionId::new(Uuid::from_u128(7)), SessionId::new(Uuid::from_u128(8)));
    let genuine = |token: &str| tokens.read(token).map(|facts| (facts.session, facts.genuine));
    let first = tokens.fresh(session);
    assert_ne!(tokens.fresh(session), first);
    assert_eq!(genuine(&first), Some((session, true)));
    let (named, text) = first.split_at(NAMED);
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
    let mut forged = vec![[bytes.as_slice(), &[0]].concat()];
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        forged.extend([changed, bytes[..place].to_vec()]);
    }
    for bytes in forged {
        let token = format!("{named}{}", URL_SAFE_NO_PAD.encode(&bytes));
        assert_eq!(genuine(&token), Some((session, false)), "{bytes:?}");
    }
    let elsewhere = first.replace(&session.uuid().simple().to_string(), &other.uuid().simple().to_string());
    assert_eq!(genuine(&elsewhere), Some((other, false)));
    let spelled = first.replace(&session.uuid().simple().to_string(), &session.to_string());
    assert_eq!(genuine(&spelled), Some((session, false)));
    let of_another_secret = SignedRefreshTokens::new(&secret(2)).fresh(session);
    assert_eq!(genuine(&of_another_secret), Some((session, false)));
}

#[test]
fn the_following_refresh_token_depends_on_all_that_it_is_made_of() {
    let tokens = SignedRefreshTokens::new(&secret(1));
    let (session, other) = (SessionId::new(Uuid::from_u128(7)), SessionId::new(Uuid::from_u128(8)));
    let spent = tokens.fresh(session);
    let next = tokens.following(session, &spent, "salt");
    assert_eq!(tokens.following(session, &spent, "salt"), next, "a lost answer can be given again");
    assert_eq!(tokens.read(&next), Some(RefreshTokenFacts { session, genuine: true }));
    for another in [
        tokens.following(session, &spent, "pepper"),
        tokens.following(session, &next, "salt"),
        tokens.following(other, &spent, "salt"),
        SignedRefreshTokens::new(&secret(2)).following(session, &spent, "salt"),
    ] {
        assert_ne!(another[NAMED..], next[NAMED..]);
    }
}

proptest! {
    #[test]
    fn no_text_is_a_genuine_refresh_token(
        text in any::<String>(), session in any::<u128>(), bytes in prop::collection::vec(any::<u8>(), 0..80)
    ) {
        let tokens = SignedRefreshTokens::new(&secret(1));
        let secret = URL_SAFE_NO_PAD.encode(bytes);
        let session = Uuid::from_u128(session);
        for made_up in [text.clone(), format!("tenon_rt_{text}"), format!("tenon_rt_{}_{secret}", session.simple())] {
            prop_assert!(tokens.read(&made_up).is_none_or(|facts| !facts.genuine), "{}", made_up);
        }
    }

    #[test]
    fn no_text_is_an_access_token(text in any::<String>(), parts in prop::collection::vec("[A-Za-z0-9_-]{0,80}", 0..5)) {
        let tokens = JwtAccessTokens::new(&secret(1));
        prop_assert_eq!(tokens.read(&text, now()), Err(Denial::InvalidToken));
        prop_assert_eq!(tokens.read(&parts.join("."), now()), Err(Denial::InvalidToken));
    }

    #[test]
    fn no_signed_payload_makes_the_reader_panic(
        value in any::<String>(), number in any::<i64>(), field in prop::sample::select(vec!["sub", "role", "iat", "exp"])
    ) {
        let tokens = JwtAccessTokens::new(&secret(1));
        let key = secret(1).key("access-tokens");
        for value in [serde_json::json!(value), serde_json::json!(number), serde_json::Value::Null] {
            let mut payload = payload();
            payload[field] = value;
            tokens.read(&forge(jsonwebtoken::Algorithm::HS256, &payload, &key), now()).ok();
        }
    }

    #[test]
    fn no_text_is_an_invitation_token(text in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let tokens = SignedInvitationTokens::new(&secret(1), "");
        prop_assert_eq!(tokens.read(&text), None);
        prop_assert_eq!(tokens.read(&URL_SAFE_NO_PAD.encode(bytes)), None);
    }

    #[test]
    fn every_invitation_is_read_back(id in any::<u128>()) {
        let tokens = SignedInvitationTokens::new(&secret(1), "");
        let id = Uuid::from_u128(id).into();
        prop_assert_eq!(tokens.read(&tokens.issue(id)), Some(id));
    }
}
