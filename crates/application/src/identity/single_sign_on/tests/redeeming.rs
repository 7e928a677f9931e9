//! Sign-in codes.

use tenon_domain::identity::{MfaMethod, PasskeyName, Password};

use super::*;
use crate::actor::Denial;
use crate::identity::{EmailVerification, MfaAnswer, MfaToken};
use crate::in_memory::{code_at, signed};

const USELESS: AppError = AppError::Unauthenticated(Denial::InvalidSignInCode);

#[tokio::test]
async fn a_code_is_good_once_and_in_its_browser() {
    let stage = Stage::new().await;
    let back = stage.visit(&stage.of_acme(), claims("Peer", &[])).await;
    let (text, browser) = (code(&back), back.browser.clone());
    for (text, browser) in [
        (text.as_str(), None),
        (text.as_str(), Some("another")),
        ("tenon_sic_nonsense", browser.as_deref()),
        ("", browser.as_deref()),
    ] {
        assert_eq!(stage.service.redeem(&nobody(), text, browser).await.unwrap_err(), USELESS);
    }
    stage.redeem(&back).await.unwrap();
    assert_eq!(stage.redeem(&back).await.unwrap_err(), USELESS);
    assert!(stage.scene.store.data().sign_in_codes.is_empty());
}

#[tokio::test]
async fn a_code_is_good_for_a_minute() {
    let stage = Stage::new().await;
    let back = stage.visit(&stage.of_acme(), claims("Peer", &[])).await;
    stage.scene.clock.set(11);
    assert_eq!(stage.redeem(&back).await.unwrap_err(), USELESS);
}

/// A sign-in of the stranger that waits for their second factor, by what they came back with, and what meets it.
async fn half_way(stage: &Stage) -> (Return, MfaToken, MfaAnswer) {
    let accounts = &stage.service.accounts;
    let stranger = Person::Stranger.actor();
    let password = Password::attempt("Stranger's password".to_owned());
    let app = accounts.begin_totp(&stranger, password, None).await.unwrap();
    accounts.confirm_totp(&stranger, &code_at(&app, at(10))).await.unwrap();
    stage.scene.clock.set(20);
    let back = stage.visit(&stage.of_acme(), claims("Stranger", &[])).await;
    let token = match stage.redeem(&back).await {
        Err(AppError::MfaRequired(token)) => token,
        other => panic!("{other:?}"),
    };
    (back, token, MfaAnswer::Code(code_at(&app, at(20))))
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_leads_to_the_same_place() {
    let stage = Stage::new().await;
    let accounts = &stage.service.accounts;
    let (back, token, answer) = half_way(&stage).await;
    assert_eq!(stage.redeem(&back).await.unwrap_err(), USELESS, "it is used up");
    let signed_in = accounts.verify_mfa(&nobody(), token.expose(), answer).await;
    let signed_in = signed_in.unwrap();
    assert_eq!(signed_in.organization.id, Scene::ACME, "not where they are at home");
    let data = stage.scene.store.data();
    assert_eq!(data.events.iter().filter(|event| event.name == "auth.signed_in").count(), 1);
}

#[tokio::test]
async fn who_has_passkeys_only_is_asked_for_one() {
    let stage = Stage::new().await;
    let accounts = &stage.service.accounts;
    let stranger = Person::Stranger.actor();
    let password = Password::attempt("Stranger's password".to_owned());
    let started = accounts.begin_passkey(&stranger, password, None).await.unwrap();
    let (made, name) = (signed(&started.options, "phone", None, 0), PasskeyName::parse("Phone").unwrap());
    accounts.add_passkey(&stranger, started.token.expose(), name, &made).await.unwrap();
    let back = stage.visit(&stage.of_acme(), claims("Stranger", &[])).await;
    let token = match stage.redeem(&back).await {
        Err(AppError::MfaRequired(token)) => token,
        other => panic!("{other:?}"),
    };
    assert_eq!(token.methods(), [MfaMethod::RecoveryCode, MfaMethod::Passkey]);
    let started = accounts.begin_mfa_passkey(&nobody(), token.expose()).await.unwrap();
    let response = signed(&started.options, "phone", Some(Person::Stranger.id()), 1);
    let answer = MfaAnswer::Passkey { ceremony: started.token.expose().to_owned(), response };
    let signed_in = accounts.verify_mfa(&nobody(), token.expose(), answer).await.unwrap();
    assert_eq!(signed_in.organization.id, Scene::ACME, "not where they are at home");
}

#[tokio::test]
async fn whose_address_has_to_be_verified_is_not_let_in_by_another_door() {
    let mut stage = Stage::new().await;
    stage.service.accounts.email_verification = EmailVerification::Required;
    let back = stage.visit(&stage.of_acme(), claims("Peer", &[])).await;
    stage.scene.store.data().users.iter_mut().find(|it| it.id == Person::Peer.id()).unwrap().email_verified_at = None;
    let refused = AppError::Unauthenticated(Denial::UnverifiedEmail);
    assert_eq!(stage.redeem(&back).await.unwrap_err(), refused);
}

#[tokio::test]
async fn who_was_removed_meanwhile_is_not_let_in() {
    let stage = Stage::new().await;
    let back = stage.visit(&stage.of_acme(), claims("Peer", &[])).await;
    stage.scene.store.data().members.retain(|(_, it)| it.user_id != Person::Peer.id());
    assert_eq!(stage.redeem(&back).await.unwrap_err(), USELESS);
}

#[tokio::test]
async fn a_provider_that_is_deleted_or_switched_off_has_not_vouched() {
    for is_deleted in [true, false] {
        let stage = Stage::new().await;
        let back = stage.visit(&stage.of_acme(), claims("Peer", &[])).await;
        if is_deleted {
            let remove = RemoveIdentityProvider { provider: stage.provider, expected_version: None };
            stage.scene.run(Person::Owner, remove).await.unwrap();
        } else {
            stage.scene.store.data().identity_providers[0].1.settings.enabled = false;
        }
        assert_eq!(stage.redeem(&back).await.unwrap_err(), USELESS);
        assert_eq!(stage.scene.told().last().map(String::as_str), Some("auth.sign_in_failed"));
        assert!(stage.scene.store.data().sign_in_codes.is_empty());
    }
}

#[tokio::test]
async fn nor_does_a_second_factor_make_up_for_it() {
    let stage = Stage::new().await;
    let accounts = &stage.service.accounts;
    let (_, token, answer) = half_way(&stage).await;
    stage.scene.store.data().identity_providers[0].1.settings.enabled = false;
    let sessions = stage.scene.store.data().sessions.len();
    assert_eq!(accounts.verify_mfa(&nobody(), token.expose(), answer).await.unwrap_err(), USELESS);
    let data = stage.scene.store.data();
    assert_eq!((data.challenges.len(), data.sessions.len()), (0, sessions));
}

#[tokio::test]
async fn a_deleted_account_leaves_no_identity() {
    let stage = Stage::new().await;
    stage.sign_in(claims("Peer", &[])).await;
    let accounts = &stage.service.accounts;
    let password = Password::attempt("Peer's password".to_owned());
    accounts.delete_account(&Person::Peer.actor(), password, None).await.unwrap();
    assert!(stage.scene.store.data().external_identities.is_empty());
}
