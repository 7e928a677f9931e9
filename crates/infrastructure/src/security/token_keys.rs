use ed25519_dalek::pkcs8::KeypairBytes;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, LineEnding};
use tenon_application::identity::VerificationKey;

use super::SecurityError;
use super::secret_tokens::random_bytes;

/// The kinds of keys that access tokens can be signed with, where a secret is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKeyKind {
    /// For EdDSA.
    Ed25519,
    /// For ES256.
    P256,
}

/// A key for access tokens. It knows its algorithm: that of a token's header is only ever compared with it.
#[derive(Clone, Debug)]
pub struct TokenKey {
    published: VerificationKey,
    pub(super) algorithm: Algorithm,
    /// Absent of a key that only verifies what was signed elsewhere or before.
    pub(super) signing: Option<EncodingKey>,
    pub(super) verifying: DecodingKey,
}

impl TokenKey {
    /// A new private key: PKCS#8 in PEM.
    pub fn generate(kind: TokenKeyKind) -> Result<String, SecurityError> {
        match kind {
            // Without the public key in it, which OpenSSL would not read.
            TokenKeyKind::Ed25519 => pem(&KeypairBytes { secret_key: random_bytes(), public_key: None }),
            TokenKeyKind::P256 => loop {
                // Nearly every number is a key; those that are none are too large.
                if let Ok(key) = p256::SecretKey::from_slice(&random_bytes::<32>()) {
                    break pem(&key);
                }
            },
        }
    }

    /// A private key (PKCS#8) or a public one (SPKI), in PEM.
    pub fn from_pem(text: &str) -> Result<Self, SecurityError> {
        if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_pem(text) {
            Self::ed25519(&key.verifying_key(), Some(EncodingKey::from_ed_der(&der(&key)?)))
        } else if let Ok(key) = ed25519_dalek::VerifyingKey::from_public_key_pem(text) {
            Self::ed25519(&key, None)
        } else if let Ok(key) = p256::SecretKey::from_pkcs8_pem(text) {
            Self::p256(&key.public_key(), Some(EncodingKey::from_ec_der(&der(&key)?)))
        } else if let Ok(key) = p256::PublicKey::from_public_key_pem(text) {
            Self::p256(&key, None)
        } else {
            Err(SecurityError::TokenKey)
        }
    }

    fn ed25519(key: &ed25519_dalek::VerifyingKey, signing: Option<EncodingKey>) -> Result<Self, SecurityError> {
        Self::new(Algorithm::EdDSA, DecodingKey::from_ed_der(key.as_bytes()), signing)
    }

    fn p256(key: &p256::PublicKey, signing: Option<EncodingKey>) -> Result<Self, SecurityError> {
        let point = key.to_encoded_point(false);
        Self::new(Algorithm::ES256, DecodingKey::from_ec_der(point.as_bytes()), signing)
    }

    fn new(algorithm: Algorithm, verifying: DecodingKey, signing: Option<EncodingKey>) -> Result<Self, SecurityError> {
        let jwk = Jwk::from_decoding_key(&verifying, Some(algorithm)).map_err(|_| SecurityError::TokenKey)?;
        let id = jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| SecurityError::TokenKey)?;
        let published = match jwk.algorithm {
            AlgorithmParameters::OctetKeyPair(key) => {
                VerificationKey { id, algorithm: "EdDSA", key_type: "OKP", curve: "Ed25519", x: key.x, y: None }
            }
            AlgorithmParameters::EllipticCurve(key) => {
                VerificationKey { id, algorithm: "ES256", key_type: "EC", curve: "P-256", x: key.x, y: Some(key.y) }
            }
            _ => return Err(SecurityError::TokenKey),
        };
        Ok(Self { published, algorithm, signing, verifying })
    }

    pub fn id(&self) -> &str {
        &self.published.id
    }

    /// Whether it is private.
    pub fn can_sign(&self) -> bool {
        self.signing.is_some()
    }

    /// What everybody may know of it.
    pub fn published(&self) -> &VerificationKey {
        &self.published
    }
}

fn der(key: &impl EncodePrivateKey) -> Result<Vec<u8>, SecurityError> {
    key.to_pkcs8_der().map(|der| der.as_bytes().to_vec()).map_err(|_| SecurityError::TokenKey)
}

fn pem(key: &impl EncodePrivateKey) -> Result<String, SecurityError> {
    key.to_pkcs8_pem(LineEnding::LF).map(|pem| pem.as_str().to_owned()).map_err(|_| SecurityError::TokenKey)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.1.
    const ED25519: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
        -----END PRIVATE KEY-----\n";
    /// The public key of RFC 9449, section 4.1.
    const P256: &str = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEl8tFrhx+34tV3hRICRDY9zCkDlpB\n\
        hF42UQUfWVAWBFv1UTiN/86T+jrjNtNOVy40lqMea3q/1MNWtTQJ28ZEMA==\n\
        -----END PUBLIC KEY-----\n";
    /// Made by OpenSSL 3.0, as its public half.
    const P256_BY_OPENSSL: &str = "-----BEGIN PRIVATE KEY-----\n\
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgS2memyAH6nbs51Cl\n\
        0b5naE96TEEaMBKvLrGADUoLIpihRANCAASZl6b8xDBWeaLNp9U0Kab8/Wzdrvkl\n\
        gOhChOe1hEMtQZBzUQyciiVTALRYQm2uy7C5VY87L3k/oblcCTacd7+y\n\
        -----END PRIVATE KEY-----\n";
    const PUBLIC_BY_OPENSSL: &str = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmZem/MQwVnmizafVNCmm/P1s3a75\n\
        JYDoQoTntYRDLUGQc1EMnIolUwC0WEJtrsuwuVWPOy95P6G5XAk2nHe/sg==\n\
        -----END PUBLIC KEY-----\n";
    /// A curve that is not taken.
    const P384: &str = "-----BEGIN PRIVATE KEY-----\n\
        MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDB3AWAWgM0mAfMyP3Bz\n\
        UqhQZ/uGzXjyANilLHzrMPshEVaQxqSW7KU+9NZ45O7H6yOhZANiAAR2bb7g9mnm\n\
        OZa0cpm2xvCkm2oEOyfG3sFTpOzMCbkzIlaBgc8SYcsIDM/uLOBBRQUtEWqvqSE+\n\
        SpRGSIk+Hf4+cty31XiaxQjXFJw33c75ywZVJCp8KaN4+G0VA+nx8AE=\n\
        -----END PRIVATE KEY-----\n";

    #[test]
    fn an_ed25519_key_is_named_as_the_standard_names_it() {
        let key = TokenKey::from_pem(ED25519).unwrap();
        assert!(key.can_sign());
        let published = VerificationKey {
            id: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k".to_owned(),
            algorithm: "EdDSA",
            key_type: "OKP",
            curve: "Ed25519",
            x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned(),
            y: None,
        };
        assert_eq!(key.published(), &published);
    }

    #[test]
    fn a_p256_key_is_named_as_the_standard_names_it() {
        let key = TokenKey::from_pem(P256).unwrap();
        assert!(!key.can_sign());
        let published = VerificationKey {
            id: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I".to_owned(),
            algorithm: "ES256",
            key_type: "EC",
            curve: "P-256",
            x: "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs".to_owned(),
            y: Some("9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA".to_owned()),
        };
        assert_eq!(key.published(), &published);
    }

    #[test]
    fn both_halves_of_a_key_have_one_id() {
        let (private, public) = (TokenKey::from_pem(P256_BY_OPENSSL).unwrap(), TokenKey::from_pem(PUBLIC_BY_OPENSSL));
        assert!(private.can_sign());
        assert_eq!(private.published(), public.unwrap().published());
    }

    #[test]
    fn keys_that_are_made_are_read_and_are_all_different() {
        for (kind, algorithm) in [(TokenKeyKind::Ed25519, "EdDSA"), (TokenKeyKind::P256, "ES256")] {
            let text = TokenKey::generate(kind).unwrap();
            let key = TokenKey::from_pem(&text).unwrap();
            assert!(text.starts_with("-----BEGIN PRIVATE KEY-----\n") && key.can_sign());
            assert_eq!(key.published().algorithm, algorithm);
            assert_ne!(TokenKey::generate(kind).unwrap(), text);
        }
    }

    #[test]
    fn what_is_no_such_key_is_refused_and_none_is_printed() {
        let sec1 = P256_BY_OPENSSL.replace("PRIVATE KEY", "EC PRIVATE KEY");
        for text in ["", "hunter2", P384, &sec1, &ED25519.replace("MC4C", "MC4D")] {
            assert_eq!(TokenKey::from_pem(text).unwrap_err(), SecurityError::TokenKey, "{text}");
        }
        let printed = format!("{:?}", TokenKey::from_pem(ED25519));
        assert!(printed.contains("redacted") && !printed.contains("157, 97, 177"), "{printed}");
    }
}
