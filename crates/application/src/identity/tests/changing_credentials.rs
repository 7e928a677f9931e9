use tenon_domain::identity::{AccountRequestKind, Email, IdentityError, PasswordHash, UserState};

use super::*;
use crate::actor::Denial;
use crate::error::AppError;
use crate::in_memory::{authenticator, sign_in_service};
use crate::secrets::SecretPlace;

const REFUSED: AppError = AppError::Unauthenticated(Denial::InvalidAccountToken);

/// A scene with the peer signed in twice, and the actor of the first session.
async fn signed_in_twice() -> (Scene, Accounts, Actor, [SignedIn; 2]) {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let login = async || accounts.login(&nobody(), "peer@example.com", password("Peer's password")).await.unwrap();
    let sessions = [login().await, login().await];
    let principal = authenticator(&scene, &accounts).authenticate(&sessions[0].access_token).await.unwrap();
    (scene, accounts, Actor { principal, origin: Origin::default() }, sessions)
}

fn address(text: &str) -> Email {
    Email::parse(text).unwrap()
}

#[tokio::test]
async fn the_present_password_makes_room_for_a_new_one_and_ends_all_other_sessions() {
    let (scene, accounts, peer, [here, there]) = signed_in_twice().await;
    let (old, new) = (password("Peer's password"), password("quite another one"));
    accounts.change_password(&peer, old.clone(), new.clone()).await.unwrap();
    let told = ["auth.signed_out", "user.password_changed", "notification.email"];
    assert_eq!(scene.told()[2..], told);
    let mail = mails(&scene).pop().unwrap();
    assert_eq!((mail.kind.as_str(), mail.address.as_deref()), ("account.password_changed", Some("peer@example.com")));

    let authenticator = authenticator(&scene, &accounts);
    authenticator.authenticate(&here.access_token).await.unwrap();
    let ended = authenticator.authenticate(&there.access_token).await;
    assert_eq!(ended.unwrap_err(), AppError::Unauthenticated(Denial::EndedSession));
    accounts.login(&nobody(), "peer@example.com", old).await.unwrap_err();
    accounts.login(&nobody(), "peer@example.com", new).await.unwrap();
}

#[tokio::test]
async fn without_the_present_password_nothing_changes_and_the_attempt_is_on_the_audit_trail() {
    let (scene, accounts, peer, _) = signed_in_twice().await;
    let users = scene.store.data().users.clone();
    let wrong = Err(IdentityError::CurrentPassword.into());
    assert_eq!(accounts.change_password(&peer, password("guessed"), password("quite another one")).await, wrong);
    assert_eq!(accounts.change_email(&peer, password("guessed"), address("new@example.com")).await, wrong);
    assert_eq!(scene.told()[2..], ["auth.sign_in_failed", "auth.sign_in_failed"]);
    assert_eq!(scene.store.data().users, users);
    let nobodys = accounts.change_password(&nobody(), password("guessed"), password("quite another one")).await;
    assert_eq!(nobodys, Err(AppError::Unauthenticated(Denial::MissingToken)));
}

#[tokio::test]
async fn a_new_password_has_to_follow_the_rules() {
    let (_, accounts, peer, _) = signed_in_twice().await;
    let personal = accounts.change_password(&peer, password("Peer's password"), password("I am a peer too")).await;
    assert_eq!(personal, Err(IdentityError::PasswordPersonal.into()));
    let weak = accounts.change_password(&peer, password("Peer's password"), password("guess who it is")).await;
    assert_eq!(weak, Err(IdentityError::PasswordWeak.into()));
}

#[tokio::test]
async fn a_password_that_was_changed_meanwhile_proves_nothing() {
    let (scene, accounts, peer, _) = signed_in_twice().await;
    let stale = ChangePassword {
        proven: proof(&scene).await,
        password_hash: accounts.hasher.hash(password("of the thief")).await.unwrap(),
    };
    let proven = stale.proven.clone();
    accounts.change_password(&peer, password("Peer's password"), password("quite another one")).await.unwrap();
    let before = scene.store.data().clone();
    let refused = || Err(IdentityError::CurrentPassword.into());
    assert_eq!(scene.app.execute(&peer, stale).await, refused());
    let change = RequestEmailChange { proven: proven.clone(), email: address("thief@example.com") };
    assert_eq!(scene.app.execute(&peer, change).await, refused());
    let secret = accounts.second_factors.cipher.seal(place(), &[7]).unwrap();
    let begin = BeginTotp { proven: proven.clone(), proof: accounts.proof_of(None).unwrap(), secret };
    assert_eq!(scene.app.execute(&peer, begin).await.map(drop), refused());
    let prove = ProveSecondFactor { proven, proof: accounts.proof_of(None).unwrap() };
    assert_eq!(scene.app.execute(&peer, prove).await.map(drop), refused());
    assert_eq!(*scene.store.data(), before);
}

async fn proof(scene: &Scene) -> Credentials {
    scene.app.queries.identity.credentials(&Person::Peer.email()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_better_hash_of_the_same_password_leaves_what_it_proved() {
    let (scene, _, peer, _) = signed_in_twice().await;
    let proven = proof(&scene).await;
    let renew = |user: &mut UserState| user.password_hash = PasswordHash::new("better hash".to_owned());
    scene.store.data().users.iter_mut().find(|it| it.id == Person::Peer.id()).map(renew).unwrap();
    let change = RequestEmailChange { proven, email: address("new@example.com") };
    scene.app.execute(&peer, change).await.unwrap();
}

fn place() -> SecretPlace {
    SecretPlace { purpose: SecretPlace::TOTP, owner: Person::Peer.id().uuid() }
}

#[tokio::test]
async fn whoever_reads_a_mistyped_address_has_no_link_once_the_right_one_is_asked_for() {
    let (scene, accounts, peer, _) = signed_in_twice().await;
    accounts.change_email(&peer, password("Peer's password"), address("mistyped@example.com")).await.unwrap();
    let mistyped = mailed_token(&scene, AccountRequestKind::ConfirmEmail, "mistyped@example.com");
    accounts.change_email(&peer, password("Peer's password"), address("new@example.com")).await.unwrap();
    assert_eq!(accounts.confirm_email(&nobody(), &mistyped).await, Err(REFUSED));
    let token = mailed_token(&scene, AccountRequestKind::ConfirmEmail, "new@example.com");
    accounts.confirm_email(&nobody(), &token).await.unwrap();
}

#[tokio::test]
async fn a_new_address_is_in_force_once_it_is_confirmed_and_the_old_one_hears_of_it() {
    let (scene, accounts, peer, _) = signed_in_twice().await;
    unverify(&scene, Person::Peer);
    accounts.change_email(&peer, password("Peer's password"), address("new@example.com")).await.unwrap();
    let user = async || accounts.app.ask(&peer, FindProfile).await.unwrap();
    assert_eq!(user().await.email, "peer@example.com", "not yet");
    scene.app.execute(&nobody(), RequestPasswordReset { email: address("peer@example.com") }).await.unwrap();
    let reset = mailed_token(&scene, AccountRequestKind::ResetPassword, "peer@example.com");
    let token = mailed_token(&scene, AccountRequestKind::ConfirmEmail, "new@example.com");
    accounts.confirm_email(&nobody(), &token).await.unwrap();
    assert_eq!((user().await.email.as_str(), user().await.email_verified), ("new@example.com", true));
    assert_eq!(scene.told()[scene.told().len() - 2..], ["user.email_changed", "notification.email"]);
    let notice = mails(&scene).pop().unwrap();
    assert_eq!((notice.kind.as_str(), notice.address.as_deref()), ("account.email_changed", Some("peer@example.com")));
    assert!(notice.body.contains("new@example.com"));

    assert_eq!(accounts.confirm_email(&nobody(), &token).await, Err(REFUSED), "it is good once");
    let stale = accounts.reset_password(&nobody(), &reset, password("quite another one")).await;
    assert_eq!(stale, Err(REFUSED), "what went to the old address is worth nothing");
    accounts.login(&nobody(), "new@example.com", password("Peer's password")).await.unwrap();
}

#[tokio::test]
async fn a_taken_address_is_told_to_nobody_but_who_reads_it() {
    let (scene, accounts, peer, _) = signed_in_twice().await;
    accounts.change_email(&peer, password("Peer's password"), address("member@example.com")).await.unwrap();
    let token = mailed_token(&scene, AccountRequestKind::ConfirmEmail, "member@example.com");
    let before = scene.store.data().clone();
    assert_eq!(accounts.confirm_email(&nobody(), &token).await, Err(IdentityError::EmailTaken.into()));
    assert_eq!(*scene.store.data(), before);
}

#[tokio::test]
async fn confirming_ones_own_address_only_verifies_it() {
    let (scene, accounts, peer, _) = signed_in_twice().await;
    unverify(&scene, Person::Peer);
    accounts.change_email(&peer, password("Peer's password"), address("PEER@example.com")).await.unwrap();
    let token = mailed_token(&scene, AccountRequestKind::ConfirmEmail, "peer@example.com");
    accounts.confirm_email(&nobody(), &token).await.unwrap();
    assert!(is_verified(&scene, Person::Peer));
    assert_eq!(scene.told().last().unwrap(), "user.email_verified");
}

#[tokio::test]
async fn a_new_password_ends_what_was_asked_for_with_the_old_one() {
    let (scene, accounts, peer, _) = signed_in_twice().await;
    accounts.change_email(&peer, password("Peer's password"), address("thief@example.com")).await.unwrap();
    let token = mailed_token(&scene, AccountRequestKind::ConfirmEmail, "thief@example.com");
    accounts.change_password(&peer, password("Peer's password"), password("quite another one")).await.unwrap();
    assert_eq!(accounts.confirm_email(&nobody(), &token).await, Err(REFUSED));
}
