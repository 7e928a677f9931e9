//! Sealed secrets, their keys, and codes that people type.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::DateTime;
use proptest::prelude::*;
use tenon_application::identity::OneTimeCodes;
use tenon_application::secrets::{SecretCipher, SecretPlace};
use tenon_domain::identity::{SealedSecret, TotpSecret};
use tenon_infrastructure::security::{MasterSecret, SecretKey, TotpCodes, XChaChaSecretCipher};
use uuid::Uuid;

const PLACE: SecretPlace = SecretPlace { purpose: SecretPlace::TOTP, owner: Uuid::nil() };

fn cipher() -> XChaChaSecretCipher {
    XChaChaSecretCipher::new(&[], &MasterSecret::new(&[7; 32]).unwrap())
}

proptest! {
    #[test]
    fn every_secret_is_opened_again(secret in prop::collection::vec(any::<u8>(), 0..80)) {
        let sealed = cipher().seal(PLACE, &secret).unwrap();
        prop_assert_eq!(cipher().open(PLACE, &sealed), Ok(secret));
    }

    #[test]
    fn no_text_is_a_sealed_secret(text in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        let key_id = cipher().newest_key().to_owned();
        for ciphertext in [text, URL_SAFE_NO_PAD.encode(bytes)] {
            let made_up = SealedSecret { key_id: key_id.clone(), ciphertext };
            prop_assert!(cipher().open(PLACE, &made_up).is_err());
        }
    }

    #[test]
    fn a_key_is_told_from_other_text(text in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        prop_assert!(SecretKey::parse(&text).is_err());
        let key = SecretKey::parse(&format!("2026:{}", STANDARD.encode(&bytes)));
        prop_assert_eq!(key.is_ok(), bytes.len() == 32);
    }

    #[test]
    fn no_text_makes_the_reader_of_codes_panic(
        text in any::<String>(), near in "[0-9]{5,7}", seconds in 0_i64..20_000_000_000
    ) {
        let (secret, now) = (TotpSecret::new(vec![1; 20]), DateTime::from_timestamp(seconds, 0).unwrap());
        for digits in [text, near] {
            let step = TotpCodes.step_of(&secret, &digits, now).unwrap();
            prop_assert!(step.is_none_or(|step| (seconds / 30 - 1..=seconds / 30 + 1).contains(&step)));
        }
    }
}
