use tenon_domain::Fact;
use tenon_domain::identity::{AccountRequestKind, Email, IdentityFact, SignInFailure};

use super::*;
use crate::actor::Denial;
use crate::error::AppError;
use crate::in_memory::sign_in_service;

const REFUSED: AppError = AppError::Unauthenticated(Denial::InvalidAccountToken);

/// Where people have to show that they read their address.
fn strict(scene: &Scene) -> Accounts {
    Accounts { email_verification: EmailVerification::Required, ..sign_in_service(scene).0 }
}

async fn resend(scene: &Scene, email: &str) {
    let command = ResendVerification { email: Email::parse(email).unwrap() };
    scene.app.execute(&nobody(), command).await.unwrap();
}

fn registration() -> RegisterInput {
    RegisterInput {
        email: "new@example.com".to_owned(),
        password: password("long enough"),
        display_name: "Nora".to_owned(),
        organization_name: "Nora's".to_owned(),
    }
}

#[tokio::test]
async fn registering_mails_a_link_only_where_addresses_are_verified() {
    let scene = Scene::new();
    sign_in_service(&scene).0.register(&nobody(), registration()).await.unwrap();
    assert_eq!(mails(&scene), []);

    let scene = Scene::new();
    let accounts = strict(&scene);
    let signed_in = accounts.register(&nobody(), registration()).await.unwrap();
    assert!(!signed_in.user.email_verified);
    let [mail] = &mails(&scene)[..] else { panic!("one mail") };
    assert_eq!((mail.user, mail.address.as_deref()), (Some(signed_in.user.id.uuid()), Some("new@example.com")));
    assert!(!format!("{mail:?}").contains("Nora"), "nothing that was typed goes to an address nobody has verified");

    let token = mailed_token(&scene, AccountRequestKind::VerifyEmail, "new@example.com");
    accounts.verify_email(&nobody(), &token).await.unwrap();
    assert_eq!(scene.told().last().unwrap(), "user.email_verified");
    assert_eq!(accounts.verify_email(&nobody(), &token).await, Err(REFUSED), "it is good once");
    let login = accounts.login(&nobody(), "new@example.com", password("long enough")).await.unwrap();
    assert!(login.user.email_verified);
}

#[tokio::test]
async fn who_has_not_verified_their_address_is_refused_once_the_password_was_found_right() {
    let scene = Scene::new();
    unverify(&scene, Person::Peer);
    let accounts = strict(&scene);
    let refused = |outcome: Result<SignedIn, AppError>| outcome.unwrap_err();
    let wrong = accounts.login(&nobody(), "peer@example.com", password("guessed")).await;
    assert_eq!(refused(wrong), AppError::Unauthenticated(Denial::InvalidCredentials), "it tells nothing yet");
    let right = accounts.login(&nobody(), "peer@example.com", password("Peer's password")).await;
    assert_eq!(refused(right), AppError::Unauthenticated(Denial::UnverifiedEmail));
    let reasons: Vec<_> = scene.store.data().events.iter().map(|event| event.fact().unwrap()).collect();
    let expected = [SignInFailure::WrongPassword, SignInFailure::UnverifiedEmail];
    assert_eq!(reasons, expected.map(|reason| Fact::Identity(IdentityFact::SignInFailed { reason })));
    assert!(scene.store.data().sessions.is_empty());
    let lenient = sign_in_service(&scene).0;
    lenient.login(&nobody(), "peer@example.com", password("Peer's password")).await.unwrap();
}

#[tokio::test]
async fn a_link_is_mailed_again_to_who_needs_it_after_the_same_work_for_everybody() {
    let scene = Scene::new();
    unverify(&scene, Person::Peer);
    let mut work = Vec::new();
    for email in ["peer@example.com", "member@example.com", "nobody@example.com"] {
        let (begun, before) = (scene.store.begun(), scene.store.data().clone());
        resend(&scene, email).await;
        let after = scene.store.data().clone();
        let stored =
            (after.events.len() - before.events.len(), after.account_requests.len() - before.account_requests.len());
        work.push((scene.store.begun() - begun, stored));
    }
    assert_eq!(work, [(1, (1, 1)); 3]);
    let addresses: Vec<_> = mails(&scene).into_iter().map(|mail| mail.address).collect();
    assert_eq!(addresses, [Some("peer@example.com".to_owned()), None, None]);
}

#[tokio::test]
async fn a_newer_link_leaves_an_older_one_good_until_one_of_them_is_used_and_none_is_for_ever() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    unverify(&scene, Person::Peer);
    resend(&scene, "peer@example.com").await;
    let first = mailed_token(&scene, AccountRequestKind::VerifyEmail, "peer@example.com");
    resend(&scene, "peer@example.com").await;
    let second = mailed_token(&scene, AccountRequestKind::VerifyEmail, "peer@example.com");
    scene.clock.set(10 + 3 * 24 * 60);
    assert_eq!(accounts.verify_email(&nobody(), &second).await, Err(REFUSED), "three days later");
    scene.clock.set(9 + 3 * 24 * 60);
    accounts.verify_email(&nobody(), &first).await.unwrap();
    assert!(is_verified(&scene, Person::Peer));
    assert_eq!(accounts.verify_email(&nobody(), &second).await, Err(REFUSED));
}

#[tokio::test]
async fn a_token_that_was_not_issued_for_this_is_refused() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    unverify(&scene, Person::Peer);
    let forgotten = RequestPasswordReset { email: Person::Peer.email() };
    scene.app.execute(&nobody(), forgotten).await.unwrap();
    let other = mailed_token(&scene, AccountRequestKind::ResetPassword, "peer@example.com");
    let unknown = PlainAccountTokens.issue(AccountRequestKind::VerifyEmail, uuid::Uuid::nil().into());
    for token in ["", "nonsense", &other, &unknown] {
        assert_eq!(accounts.verify_email(&nobody(), token).await, Err(REFUSED), "{token:?}");
    }
    assert!(!is_verified(&scene, Person::Peer));
}

#[tokio::test]
async fn a_link_says_nothing_about_an_address_that_came_later() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    unverify(&scene, Person::Peer);
    resend(&scene, "peer@example.com").await;
    let token = mailed_token(&scene, AccountRequestKind::VerifyEmail, "peer@example.com");
    let later = Email::parse("p@example.com").unwrap();
    scene.store.data().users.iter_mut().find(|it| it.id == Person::Peer.id()).unwrap().email = later;
    assert_eq!(accounts.verify_email(&nobody(), &token).await, Err(REFUSED));
}

#[tokio::test]
async fn the_session_that_begins_with_an_account_goes_on_once_the_address_is_verified() {
    let scene = Scene::new();
    let accounts = strict(&scene);
    let first = accounts.register(&nobody(), registration()).await.unwrap();
    let lifetime = AccountRequestKind::VerifyEmail.lifetime().num_minutes();
    scene.clock.set(10 + lifetime - 1);
    let second = accounts.refresh(&nobody(), &first.refresh_token).await.unwrap();
    scene.clock.set(10 + lifetime);
    let refused = accounts.refresh(&nobody(), &second.refresh_token).await.unwrap_err();
    assert_eq!(refused, AppError::Unauthenticated(Denial::UnverifiedEmail));

    resend(&scene, "new@example.com").await;
    let token = mailed_token(&scene, AccountRequestKind::VerifyEmail, "new@example.com");
    accounts.verify_email(&nobody(), &token).await.unwrap();
    accounts.refresh(&nobody(), &second.refresh_token).await.unwrap();
}
