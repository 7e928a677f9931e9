use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use tenon_application::AppError;
use tenon_application::secrets::{SecretCipher, SecretPlace};
use tenon_domain::identity::SealedSecret;

use super::secret_tokens::random_bytes;
use super::{MasterSecret, SecurityError};

const NONCE_BYTES: usize = 24;

/// A key and the id that what it seals names it by.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey {
    id: String,
    bytes: [u8; 32],
}

impl SecretKey {
    const MAX_ID_CHARS: usize = 32;
    /// The id of the key that is derived from the master secret. No other key can have it.
    const DERIVED: &'static str = "derived";

    /// `<id>:<base64 of 32 bytes>`.
    pub fn parse(text: &str) -> Result<Self, SecurityError> {
        let (id, key) = text.split_once(':').ok_or(SecurityError::SecretKey)?;
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_id = (1..=Self::MAX_ID_CHARS).contains(&id.len()) && id.chars().all(fits) && id != Self::DERIVED;
        let bytes = STANDARD.decode(key).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        match bytes {
            Some(bytes) if is_id => Ok(Self { id: id.to_owned(), bytes }),
            _ => Err(SecurityError::SecretKey),
        }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    fn derived(secret: &MasterSecret) -> Self {
        Self { id: Self::DERIVED.to_owned(), bytes: secret.key("stored-secrets") }
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(self.bytes))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({}, …)", self.id)
    }
}

/// Seals with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha): `base64url(nonce ‖ ciphertext ‖ tag)`. The nonce is long
/// enough to be random. What is authenticated besides is the secret's place: `purpose ‖ 0 ‖ owner`.
#[derive(Clone, Debug)]
pub struct XChaChaSecretCipher {
    newest: SecretKey,
    older: Vec<SecretKey>,
}

impl XChaChaSecretCipher {
    /// The first key seals. Last comes one that is derived from the master secret: it seals as long as there is no
    /// other, and opens what it sealed before there was.
    pub fn new(keys: &[SecretKey], secret: &MasterSecret) -> Self {
        let derived = SecretKey::derived(secret);
        match keys {
            [newest, older @ ..] => {
                let older = older.iter().cloned().chain([derived]).collect();
                Self { newest: newest.clone(), older }
            }
            [] => Self { newest: derived, older: Vec::new() },
        }
    }

    fn key(&self, id: &str) -> Option<&SecretKey> {
        std::iter::once(&self.newest).chain(&self.older).find(|key| key.id == id)
    }
}

impl SecretCipher for XChaChaSecretCipher {
    fn seal(&self, place: SecretPlace, secret: &[u8]) -> Result<SealedSecret, AppError> {
        let nonce = random_bytes::<NONCE_BYTES>();
        let payload = Payload { msg: secret, aad: &associated_data(place) };
        let sealed = self.newest.cipher().encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| AppError::Internal("a secret could not be encrypted".to_owned()))?;
        let ciphertext = URL_SAFE_NO_PAD.encode([nonce.as_slice(), sealed.as_slice()].concat());
        Ok(SealedSecret { key_id: self.newest.id.clone(), ciphertext })
    }

    fn open(&self, place: SecretPlace, sealed: &SealedSecret) -> Result<Vec<u8>, AppError> {
        let id = &sealed.key_id;
        let key = self.key(id).ok_or_else(|| {
            AppError::Internal(format!(
                "a secret is encrypted with the key {id:?}, which TENON_SECRET_KEYS does not have"
            ))
        })?;
        let broken =
            || AppError::Internal(format!("a secret that is encrypted with the key {id:?} cannot be decrypted"));
        let bytes = URL_SAFE_NO_PAD.decode(&sealed.ciphertext).map_err(|_| broken())?;
        let (nonce, ciphertext) = bytes.split_at_checked(NONCE_BYTES).ok_or_else(broken)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| broken())?;
        let payload = Payload { msg: ciphertext, aad: &associated_data(place) };
        key.cipher().decrypt(&nonce, payload).map_err(|_| broken())
    }

    fn newest_key(&self) -> &str {
        self.newest.id()
    }

    fn has_key(&self, id: &str) -> bool {
        self.key(id).is_some()
    }
}

fn associated_data(place: SecretPlace) -> Vec<u8> {
    let parts: [&[u8]; 3] = [place.purpose.as_bytes(), &[0], place.owner.as_bytes()];
    parts.concat()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const HERE: SecretPlace = SecretPlace { purpose: SecretPlace::TOTP, owner: Uuid::from_u128(1) };

    fn master() -> MasterSecret {
        MasterSecret::new(&[1; 32]).unwrap()
    }

    fn key(id: &str, byte: u8) -> SecretKey {
        SecretKey::parse(&format!("{id}:{}", STANDARD.encode([byte; 32]))).unwrap()
    }

    fn cipher(keys: &[SecretKey]) -> XChaChaSecretCipher {
        XChaChaSecretCipher::new(keys, &master())
    }

    #[test]
    fn a_secret_opens_where_it_was_sealed_and_nowhere_else() {
        let cipher = cipher(&[]);
        let sealed = cipher.seal(HERE, b"secret").unwrap();
        assert_eq!(cipher.open(HERE, &sealed), Ok(b"secret".to_vec()));
        for elsewhere in [SecretPlace { owner: Uuid::from_u128(2), ..HERE }, SecretPlace { purpose: "webhook", ..HERE }]
        {
            assert!(cipher.open(elsewhere, &sealed).is_err(), "{elsewhere:?}");
        }
        assert_ne!(cipher.seal(HERE, b"secret").unwrap(), sealed, "nonces are random");
    }

    #[test]
    fn not_one_bit_may_differ() {
        let cipher = cipher(&[]);
        let sealed = cipher.seal(HERE, b"secret").unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(&sealed.ciphertext).unwrap();
        for place in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[place] ^= 1;
            for bytes in [&forged[..], &bytes[..place]] {
                let forged = SealedSecret { ciphertext: URL_SAFE_NO_PAD.encode(bytes), ..sealed.clone() };
                assert!(cipher.open(HERE, &forged).is_err());
            }
        }
        let text = SealedSecret { ciphertext: "not base64!".to_owned(), ..sealed };
        assert!(cipher.open(HERE, &text).is_err());
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let by_derived = cipher(&[]).seal(HERE, b"oldest").unwrap();
        assert_eq!(by_derived.key_id, "derived");
        let by_old = cipher(&[key("2025", 5)]).seal(HERE, b"old").unwrap();
        let both = cipher(&[key("2026", 6), key("2025", 5)]);
        assert_eq!((both.seal(HERE, b"new").unwrap().key_id.as_str(), both.newest_key()), ("2026", "2026"));
        assert_eq!(both.open(HERE, &by_old), Ok(b"old".to_vec()));
        assert_eq!(both.open(HERE, &by_derived), Ok(b"oldest".to_vec()));

        let without_it = cipher(&[key("2026", 6)]);
        assert!(!without_it.has_key("2025") && without_it.has_key("derived"));
        assert!(without_it.open(HERE, &by_old).is_err());
        assert!(cipher(&[key("2025", 7)]).open(HERE, &by_old).is_err(), "another key of the same name");
    }

    #[test]
    fn a_key_is_an_id_and_32_bytes() {
        let base64 = STANDARD.encode([0xFF; 32]);
        assert_eq!(key("a-1", 9).id(), "a-1");
        for text in [
            "",
            &base64,
            &format!(":{base64}"),
            &format!("A:{base64}"),
            &format!("derived:{base64}"),
            &format!("{}:{base64}", "a".repeat(33)),
            "a:",
            &format!("a:{}", STANDARD.encode([1; 31])),
            &format!("a:{}", URL_SAFE_NO_PAD.encode([0xFF; 32])),
        ] {
            assert_eq!(SecretKey::parse(text), Err(SecurityError::SecretKey), "{text}");
        }
        assert_eq!(format!("{:?}", key("a", 9)), "SecretKey(a, …)");
    }
}
