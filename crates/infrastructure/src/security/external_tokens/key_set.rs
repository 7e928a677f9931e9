use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// More keys than an issuer has.
const MAX_KEYS: usize = 100;
/// The sizes of an RSA modulus in bytes: 2048 bits are the least that is safe, 4096 the most that is verified.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// What a token says of the key that it was signed with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) algorithm: Algorithm,
}

/// The public keys of an issuer (RFC 7517).
#[derive(Clone, Debug)]
pub(super) struct KeySet(Vec<(Jwk, DecodingKey)>);

impl PartialEq for KeySet {
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().map(|(jwk, _)| jwk).eq(other.0.iter().map(|(jwk, _)| jwk))
    }
}

impl KeySet {
    /// Keys of other kinds and for other purposes are left out. `None` for what is no key set.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Written {
            keys: Vec<Value>,
        }
        let written: Written = serde_json::from_slice(body).ok()?;
        let keys = written.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        let usable = keys.filter(verifies).filter_map(|jwk| DecodingKey::from_jwk(&jwk).ok().map(|key| (jwk, key)));
        Some(Self(usable.take(MAX_KEYS).collect()))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The key that a token names. One that names none means the only one that its algorithm goes with.
    pub(super) fn find(&self, wanted: Wanted<'_>) -> Option<&DecodingKey> {
        let Wanted { id, algorithm } = wanted;
        let mut fitting = self.0.iter().filter(|(jwk, _)| fits(jwk, algorithm));
        match id {
            Some(id) => fitting.find(|(jwk, _)| jwk.common.key_id.as_deref() == Some(id)).map(|(_, key)| key),
            None => {
                let (_, key) = fitting.next()?;
                fitting.next().is_none().then_some(key)
            }
        }
    }
}

/// Whether a key is meant for verifying signatures.
fn verifies(jwk: &Jwk) -> bool {
    let usage = jwk.common.public_key_use.as_ref();
    let operations = jwk.common.key_operations.as_ref();
    usage.is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

/// Whether the algorithm goes with the key: that is for the key to say, and not for the token.
fn fits(jwk: &Jwk, algorithm: Algorithm) -> bool {
    let is_stated =
        jwk.common.key_algorithm.is_none_or(|stated| Algorithm::try_from(stated).is_ok_and(|it| it == algorithm));
    is_stated
        && match &jwk.algorithm {
            AlgorithmParameters::RSA(key) => {
                matches!(
                    algorithm,
                    Algorithm::RS256
                        | Algorithm::RS384
                        | Algorithm::RS512
                        | Algorithm::PS256
                        | Algorithm::PS384
                        | Algorithm::PS512
                ) && URL_SAFE_NO_PAD.decode(&key.n).is_ok_and(|modulus| MODULUS_BYTES.contains(&modulus.len()))
            }
            AlgorithmParameters::EllipticCurve(key) => matches!(
                (algorithm, &key.curve),
                (Algorithm::ES256, EllipticCurve::P256) | (Algorithm::ES384, EllipticCurve::P384)
            ),
            AlgorithmParameters::OctetKeyPair(key) => {
                algorithm == Algorithm::EdDSA && key.curve == EllipticCurve::Ed25519
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// The public key of RFC 8037, appendix A.2.
    fn ed25519(id: &str) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    }

    /// That of RFC 9449, section 4.1.
    fn p256(id: &str) -> Value {
        json!({
            "kty": "EC", "crv": "P-256", "kid": id,
            "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs", "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        })
    }

    fn rsa(id: &str, bits: usize) -> Value {
        json!({"kty": "RSA", "kid": id, "n": URL_SAFE_NO_PAD.encode(vec![0xFF; bits / 8]), "e": "AQAB"})
    }

    fn with(mut key: Value, name: &str, value: Value) -> Value {
        key[name] = value;
        key
    }

    fn set(keys: &[Value]) -> KeySet {
        KeySet::parse(json!({"keys": keys}).to_string().as_bytes()).unwrap()
    }

    fn find<'a>(keys: &'a KeySet, id: Option<&str>, algorithm: Algorithm) -> Option<&'a DecodingKey> {
        keys.find(Wanted { id, algorithm })
    }

    #[test]
    fn a_token_finds_the_key_that_it_names_with_the_algorithm_that_the_key_has() {
        let keys = set(&[ed25519("a"), p256("b"), rsa("c", 2048)]);
        for (id, algorithm) in [("a", Algorithm::EdDSA), ("b", Algorithm::ES256), ("c", Algorithm::RS256)] {
            assert!(find(&keys, Some(id), algorithm).is_some(), "{id}");
            assert!(find(&keys, None, algorithm).is_some(), "it is the only one");
            for other in [Algorithm::HS256, Algorithm::ES384, Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256] {
                assert!(other == algorithm || find(&keys, Some(id), other).is_none(), "{id} with {other:?}");
            }
        }
        assert!(find(&keys, Some("d"), Algorithm::EdDSA).is_none());
        assert!(find(&set(&[p256("a"), p256("b")]), None, Algorithm::ES256).is_none(), "nobody knows which one");
    }

    #[test]
    fn a_key_is_for_what_it_says() {
        let usable = |key: Value| find(&set(&[key]), Some("a"), Algorithm::ES256).is_some();
        assert!(usable(with(p256("a"), "use", json!("sig"))));
        assert!(usable(with(p256("a"), "key_ops", json!(["verify"]))));
        assert!(usable(with(p256("a"), "alg", json!("ES256"))));
        assert!(!usable(with(p256("a"), "use", json!("enc"))));
        assert!(!usable(with(p256("a"), "key_ops", json!(["encrypt"]))));
        assert!(!usable(with(p256("a"), "alg", json!("ES384"))));
        assert!(!usable(with(p256("a"), "alg", json!("HS256"))));
    }

    #[test]
    fn weak_and_unknown_keys_are_left_out_and_spoil_nothing() {
        let mut keys =
            vec![json!(null), json!({"kty": "oct", "k": "c2VjcmV0", "kid": "s"}), json!({"kty": "new"}), json!(7)];
        keys.extend([rsa("weak", 1024), rsa("huge", 16_384), ed25519("a")]);
        let keys = set(&keys);
        assert!(find(&keys, Some("a"), Algorithm::EdDSA).is_some());
        assert!(find(&keys, Some("s"), Algorithm::HS256).is_none());
        for id in ["weak", "huge"] {
            assert!(find(&keys, Some(id), Algorithm::RS256).is_none(), "{id}");
        }
        for body in ["", "[]", "{}", r#"{"keys": {}}"#, "<html>"] {
            assert!(KeySet::parse(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn sets_are_the_same_that_hold_the_same_keys() {
        assert_eq!(set(&[ed25519("a")]), set(&[ed25519("a")]));
        assert_ne!(set(&[ed25519("a")]), set(&[ed25519("b")]));
        assert_ne!(set(&[ed25519("a")]), set(&[ed25519("a"), p256("b")]));
        assert_eq!(set(&[ed25519("a"), p256("b")]).len(), 2);
    }

    /// JSON of any shape, a few levels deep.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn look(keys: &KeySet) {
        for algorithm in [Algorithm::HS256, Algorithm::RS256, Algorithm::ES384, Algorithm::EdDSA] {
            for id in [None, Some("a")] {
                let _ = find(keys, id, algorithm);
            }
        }
    }

    proptest! {
        #[test]
        fn no_answer_of_an_issuer_makes_it_panic(bytes in any::<Vec<u8>>(), value in any_json()) {
            for body in [bytes, value.to_string().into_bytes(), json!({"keys": value}).to_string().into_bytes()] {
                if let Some(keys) = KeySet::parse(&body) {
                    look(&keys);
                }
            }
        }

        #[test]
        fn no_member_of_a_key_makes_it_panic_or_spoils_the_others(
            which in 0_usize..3,
            name in "(kty|crv|use|key_ops|alg|kid|x|y|n|e|d|x5c)",
            value in any_json(),
        ) {
            let odd = [ed25519("a"), p256("a"), rsa("a", 2048)][which].clone();
            let keys = set(&[with(odd, &name, value), p256("b")]);
            look(&keys);
            prop_assert!(find(&keys, Some("b"), Algorithm::ES256).is_some());
        }
    }
}
