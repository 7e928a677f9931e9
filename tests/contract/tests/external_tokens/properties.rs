//! Whatever is sent as a token, the answer is the same, and nothing breaks.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use tenon_application::AppError;
use tenon_application::identity::{ExternalClaims, ExternalTokens};
use tenon_infrastructure::security::JwksExternalTokens;
use tokio::runtime::Runtime;

use super::issuer::{Issuer, Signer};
use super::{REFUSED, assemble, expected, now};

/// An issuer that serves for as long as the tests run, and what reads its tokens.
struct Scene {
    runtime: Runtime,
    issuer: Issuer,
    signer: Signer,
    reader: JwksExternalTokens,
}

impl Scene {
    fn read(&self, token: &str) -> Result<ExternalClaims, AppError> {
        self.runtime.block_on(self.reader.read(token, now()))
    }
}

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let signer = Signer::ed25519("a");
    let issuer = runtime.block_on(Issuer::start(&[&signer]));
    let reader = issuer.reader();
    let scene = Scene { runtime, issuer, signer, reader };
    assert_eq!(scene.read(&scene.signer.sign(&scene.issuer.claims())), Ok(expected()));
    scene
});

proptest! {
    #[test]
    fn no_text_is_a_token(text in any::<String>(), parts in prop::collection::vec("[A-Za-z0-9_-]{0,80}", 0..5)) {
        prop_assert_eq!(SCENE.read(&text), Err(REFUSED));
        prop_assert_eq!(SCENE.read(&parts.join(".")), Err(REFUSED));
    }

    #[test]
    fn not_one_bit_may_differ(place in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let genuine = SCENE.signer.sign(&SCENE.issuer.claims());
        let mut bytes = genuine.clone().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let forged = String::from_utf8_lossy(&bytes).into_owned();
        prop_assert_eq!(SCENE.read(&forged), Err(REFUSED), "{}", forged);
    }

    #[test]
    fn no_header_and_no_signature_makes_it_true(
        algorithm in prop::sample::select(vec!["EdDSA", "ES256", "RS256", "HS256", "none", ""]),
        key_id in prop_oneof![any::<String>(), Just("a".to_owned())],
        signature in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let header = json!({"alg": algorithm, "typ": "JWT", "kid": key_id});
        let token = assemble(&header, &SCENE.issuer.claims(), &signature);
        prop_assert_eq!(SCENE.read(&token), Err(REFUSED));
    }

    #[test]
    fn no_signed_claim_makes_the_reader_panic(
        name in prop::sample::select(vec!["sub", "exp", "nbf", "iat", "aud", "iss", "scope", "jti", "cnf", "typ"]),
        text in any::<String>(),
        number in any::<i64>(),
        fraction in any::<f64>(),
    ) {
        for value in [json!(text), json!(number), json!(fraction), json!([text]), json!({"a": number}), Value::Null] {
            SCENE.read(&SCENE.signer.sign(&SCENE.issuer.claims_with(name, value))).ok();
        }
    }
}
