//! How hard passwords are to guess, which hashes are out of date, and the tokens in mails.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use tenon_application::identity::{AccountTokens, PasswordHasher, PasswordStrength};
use tenon_application::organizations::InvitationTokens;
use tenon_domain::identity::{AccountRequestKind, Password, PasswordHash, PersonalWords, Strength};
use tenon_infrastructure::security::{
    Argon2Hasher, BcryptHasher, BoundedPasswordHasher, HasherLimits, MasterSecret, PasswordAlgorithm,
    SignedAccountTokens, SignedInvitationTokens,
};
use uuid::Uuid;

const PUBLIC_URL: &str = "https://tenon.example.com/";

fn hasher(algorithm: PasswordAlgorithm) -> BoundedPasswordHasher {
    BoundedPasswordHasher::new(algorithm, HasherLimits { concurrent: 1, waiting: 20 }).unwrap()
}

fn bcrypt(cost: u32) -> BoundedPasswordHasher {
    hasher(PasswordAlgorithm::Bcrypt(BcryptHasher::new(cost).unwrap()))
}

fn argon2(memory_kib: u32, passes: u32) -> BoundedPasswordHasher {
    hasher(PasswordAlgorithm::Argon2id(Argon2Hasher::with_cost(memory_kib, passes, 1).unwrap()))
}

fn password(text: &str) -> Password {
    Password::attempt(text.to_owned())
}

async fn is_strong(text: &str, owner: &PersonalWords) -> bool {
    bcrypt(4).estimate(password(text), owner.clone()).await.unwrap() >= Strength::ENOUGH
}

#[tokio::test]
async fn passwords_are_as_strong_as_they_are_hard_to_guess() {
    let ada = PersonalWords::of("Ada Lovelace", "ada@example.com");
    for weak in ["", "password", "Password123!", "qwertyuiop", "1111111111", "abcdefghijkl", "iloveyou2024"] {
        assert!(!is_strong(weak, &ada).await, "{weak}");
    }
    for strong in ["correct horse battery staple", "a moth in the relay", "xK9$mQ2!vL7p", "Пароль, который знаю я"]
    {
        assert!(is_strong(strong, &ada).await, "{strong}");
    }
    let nobody = PersonalWords::of("", "");
    assert!(is_strong("lovelace17dec", &nobody).await && !is_strong("lovelace17dec", &ada).await, "she would use that");
}

#[tokio::test]
async fn a_password_of_any_length_is_estimated_by_its_beginning() {
    let nobody = PersonalWords::of("", "");
    let endless = "correct horse battery staple".repeat(100_000);
    assert!(is_strong(&endless, &nobody).await);
    assert!(!is_strong(&"a".repeat(1_000_000), &nobody).await);
}

#[tokio::test]
async fn a_hash_is_out_of_date_when_new_ones_are_of_another_kind_or_cost_more() {
    let hash = async |hasher: &BoundedPasswordHasher| hasher.hash(password("correct horse")).await.unwrap();
    let (cheap, dear) = (hash(&bcrypt(4)).await, hash(&bcrypt(5)).await);
    assert!(!bcrypt(4).is_outdated(&cheap) && !bcrypt(4).is_outdated(&dear) && bcrypt(5).is_outdated(&cheap));
    let small = hash(&argon2(256, 2)).await;
    for (same, other) in [((256, 2), (512, 2)), ((128, 1), (256, 3))] {
        assert!(!argon2(same.0, same.1).is_outdated(&small), "{same:?}");
        assert!(argon2(other.0, other.1).is_outdated(&small), "{other:?}");
    }
    assert!(bcrypt(4).is_outdated(&small) && argon2(256, 1).is_outdated(&dear));
    assert!(bcrypt(4).is_outdated(&PasswordHash::new("of another age".to_owned())));
}

#[tokio::test]
async fn argon2id_hashes_have_the_second_recommended_parameters_of_rfc_9106() {
    let recommended = hasher(PasswordAlgorithm::Argon2id(Argon2Hasher::recommended().unwrap()));
    let hash = recommended.hash(password("correct horse")).await.unwrap();
    assert!(hash.as_str().starts_with("$argon2id$v=19$m=65536,t=3,p=4$"), "{}", hash.as_str());
    assert!(!recommended.is_outdated(&hash));
    assert!(recommended.verify(password("correct horse"), Some(hash)).await.unwrap());
}

fn account_tokens(byte: u8) -> SignedAccountTokens {
    SignedAccountTokens::new(&MasterSecret::new(&[byte; 32]).unwrap(), PUBLIC_URL)
}

#[test]
fn an_account_token_names_its_request_and_is_good_for_one_thing() {
    let tokens = account_tokens(1);
    let id = Uuid::from_u128(7).into();
    for &kind in AccountRequestKind::ALL {
        let token = tokens.issue(kind, id);
        for &other in AccountRequestKind::ALL {
            assert_eq!(tokens.read(other, &token), (other == kind).then_some(id), "{kind} as {other}");
        }
        assert_eq!(account_tokens(2).read(kind, &token), None);
        // Not one bit may differ.
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for place in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[place] ^= 1;
            assert_eq!(tokens.read(kind, &URL_SAFE_NO_PAD.encode(&forged)), None);
            assert_eq!(tokens.read(kind, &URL_SAFE_NO_PAD.encode(&bytes[..place])), None);
        }
    }
    let url = tokens.url(AccountRequestKind::ResetPassword, "abc");
    assert_eq!(url, "https://tenon.example.com/account/reset-password?token=abc");
}

#[test]
fn only_the_mailed_token_of_an_invitation_shows_who_reads_the_mail() {
    let tokens = SignedInvitationTokens::new(&MasterSecret::new(&[1; 32]).unwrap(), PUBLIC_URL);
    let (id, other) = (Uuid::from_u128(7).into(), Uuid::from_u128(8).into());
    let (shown, mailed) = (tokens.issue(id), tokens.issue_for_mail(id));
    assert_eq!((tokens.read(&shown), tokens.came_by_mail(&shown)), (Some(id), false));
    assert_eq!((tokens.read(&mailed), tokens.came_by_mail(&mailed)), (Some(id), true));
    let proof = |token: &str| token.split_once('.').unwrap().1.to_owned();
    let borrowed = format!("{shown}.{}", proof(&tokens.issue_for_mail(other)));
    for forged in
        [borrowed, format!("{shown}."), format!("{shown}.{shown}"), format!("{mailed}."), format!("{mailed}A")]
    {
        assert_eq!((tokens.read(&forged), tokens.came_by_mail(&forged)), (None, false), "{forged}");
    }
}

proptest! {
    #[test]
    fn no_text_is_an_account_token(text in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let tokens = account_tokens(1);
        for &kind in AccountRequestKind::ALL {
            prop_assert_eq!(tokens.read(kind, &text), None);
            prop_assert_eq!(tokens.read(kind, &URL_SAFE_NO_PAD.encode(&bytes)), None);
        }
    }

    #[test]
    fn every_account_token_is_read_back(id in any::<u128>()) {
        let tokens = account_tokens(1);
        let id = Uuid::from_u128(id).into();
        for &kind in AccountRequestKind::ALL {
            prop_assert_eq!(tokens.read(kind, &tokens.issue(kind, id)), Some(id));
        }
    }
}
