//! `/.well-known`: the keys that other services verify access tokens with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Verifier as _;
use serde_json::{Value, json};
use tenon_e2e_tests::{
    Api, Deployment, JWT_SECRET, Options, Person, Server, on_every_deployment, on_own_servers, text, tokens,
};

on_every_deployment!(a_secret_has_no_public_keys);
on_own_servers!(
    keys_are_introduced_and_changed_while_nobody_is_signed_out,
    the_doctor_and_the_start_say_what_is_wrong_with_keys,
);

async fn key_set(api: &Api) -> Vec<Value> {
    let answer = api.without_token().get("//.well-known/jwks.json").await;
    let keys = answer.expect(200)["keys"].as_array().expect("keys").clone();
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    keys
}

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

fn header(token: &str) -> Value {
    serde_json::from_slice(&decode(token.split('.').next().expect("a header"))).expect("JSON")
}

/// Whether the key that the token names verifies it, as a service finds out that knows nothing but the key set.
fn is_verified(token: &str, keys: &[Value]) -> bool {
    let (signed, signature) = token.rsplit_once('.').expect("a signature");
    let signature = decode(signature);
    let header = header(token);
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).expect("the key");
    assert_eq!((&key["alg"], &key["use"]), (&header["alg"], &json!("sig")));
    let x = decode(&text(key, "x"));
    match (text(key, "kty").as_str(), text(key, "crv").as_str(), text(key, "alg").as_str()) {
        ("OKP", "Ed25519", "EdDSA") => {
            let key = ed25519_dalek::VerifyingKey::from_bytes(&x.try_into().expect("32 bytes")).expect("a key");
            let signature = ed25519_dalek::Signature::from_slice(&signature).expect("a signature");
            key.verify_strict(signed.as_bytes(), &signature).is_ok()
        }
        ("EC", "P-256", "ES256") => {
            let point = [vec![4], x, decode(&text(key, "y"))].concat();
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).expect("a key");
            let signature = p256::ecdsa::Signature::from_slice(&signature).expect("a signature");
            key.verify(signed.as_bytes(), &signature).is_ok()
        }
        other => panic!("{other:?}"),
    }
}

async fn a_secret_has_no_public_keys(server: Server) {
    let owner = Person::found(&server).await;
    assert_eq!(key_set(&owner.api).await, [] as [Value; 0]);
    assert_eq!(header(owner.api.token()), json!({"alg": "HS256", "typ": "JWT"}));
    server.api().post("//.well-known/jwks.json", None).await.problem(405, "method.not_allowed");
}

/// A file with a new key that `tenon` made.
fn make_key(server: &Server, directory: &Path, algorithm: &str) -> String {
    let (done, pem) = server.tenon(&["keys", "generate", "--algorithm", algorithm]);
    assert!(done && pem.starts_with("-----BEGIN PRIVATE KEY-----"), "{algorithm}");
    let path = directory.join(format!("{algorithm}.pem"));
    fs::write(&path, pem).unwrap();
    path.display().to_string()
}

async fn keys_are_introduced_and_changed_while_nobody_is_signed_out(deployment: Deployment) {
    let first = Server::start(deployment, Options::default()).await;
    let owner = Person::found(&first).await;
    let directory = tempfile::tempdir().unwrap();
    let ed25519 = make_key(&first, directory.path(), "ed25519");
    let p256 = make_key(&first, directory.path(), "p256");
    let keyed = |keys: &[&String]| {
        let keys: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
        Options::default().with("TENON_SIGNING_KEYS", keys.join(","))
    };
    let refresh = async |server: &Server, person: &Person| {
        let body = json!({"refresh_token": person.refresh_token});
        let granted = server.api().post("/auth/refresh", body).await.expect(200);
        let api = server.api().with_token(&text(&granted, "access_token"));
        Person { refresh_token: text(&granted, "refresh_token"), api, ..person.clone() }
    };
    assert!(first.terminate_api(Duration::from_secs(30)));

    let second = first.beside(keyed(&[&ed25519, &p256])).await;
    second.api().with_token(owner.api.token()).get("/users/me").await.expect(200);
    // Nobody who knows the secret alone signs tokens any more.
    let mut later = tokens::claims(owner.api.token());
    later["exp"] = json!(later["exp"].as_i64().unwrap() + 3600);
    second.api().with_token(&tokens::sign(&later, JWT_SECRET)).get("/users/me").await.any_problem(401);
    let owner = refresh(&second, &owner).await;
    owner.api.get("/users/me").await.expect(200);
    let keys = key_set(&second.api()).await;
    assert_eq!((keys.len(), &keys[0]["alg"], &keys[1]["alg"]), (2, &json!("EdDSA"), &json!("ES256")));
    assert!(keys.iter().all(|key| key.get("d").is_none()), "nothing private: {keys:?}");
    assert_eq!(header(owner.api.token())["kid"], keys[0]["kid"]);
    assert!(is_verified(owner.api.token(), &keys));
    assert!(!is_verified(&tampered(owner.api.token()), &keys));
    assert!(second.terminate_api(Duration::from_secs(30)));

    let third = first.beside(keyed(&[&p256, &ed25519])).await;
    third.api().with_token(owner.api.token()).get("/users/me").await.expect(200);
    let previous = owner.api.token().to_owned();
    let owner = refresh(&third, &owner).await;
    let keys = key_set(&third.api()).await;
    assert_eq!(header(owner.api.token())["alg"], "ES256");
    assert!(is_verified(owner.api.token(), &keys) && is_verified(&previous, &keys));
    assert!(!is_verified(&tampered(owner.api.token()), &keys));
    assert!(third.terminate_api(Duration::from_secs(30)));

    let fourth = first.beside(keyed(&[&p256])).await;
    fourth.api().with_token(owner.api.token()).get("/users/me").await.expect(200);
    fourth.api().with_token(&previous).get("/users/me").await.any_problem(401);
}

/// The token with other claims.
fn tampered(token: &str) -> String {
    let mut claims = tokens::claims(token);
    claims["role"] = json!("emperor");
    let parts: Vec<&str> = token.split('.').collect();
    format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2])
}

async fn the_doctor_and_the_start_say_what_is_wrong_with_keys(deployment: Deployment) {
    let server = Server::start(deployment, Options::default()).await;
    let directory = tempfile::tempdir().unwrap();
    let key = make_key(&server, directory.path(), "p256");
    let good = Options::default().with("TENON_SIGNING_KEYS", &key);
    let (done, output) = server.tenon_with(&["doctor"], good);
    assert!(done && output.contains("signs, with ES256; 0 more verify"), "{output}");
    let broken = directory.path().join("broken.pem");
    fs::write(&broken, "hunter2").unwrap();
    let keys = format!("{}/missing.pem,{}", directory.path().display(), broken.display());
    for command in ["doctor", "serve"] {
        let options = Options::default().with("TENON_SIGNING_KEYS", &keys).with("TENON_BIND", "127.0.0.1:0");
        let (done, output) = server.tenon_with(&[command], options);
        assert!(!done && output.contains("missing.pem") && output.contains("broken.pem"), "{command}: {output}");
        assert!(!output.contains("hunter2"), "{command}: {output}");
    }
}
