use tenon_domain::identity::{
    AccountRequestKind, Client, Email, IdentityError, IdentityFact, PasswordHash, SignInFailure,
};
use tenon_domain::{Fact, Violation};

use super::*;
use crate::actor::Denial;
use crate::error::AppError;
use crate::in_memory::{authenticator, sign_in_service};

const REFUSED: AppError = AppError::Unauthenticated(Denial::InvalidAccountToken);

async fn forgot(scene: &Scene, email: &str) {
    let command = RequestPasswordReset { email: Email::parse(email).unwrap() };
    scene.app.execute(&nobody(), command).await.unwrap();
}

/// The peer has forgotten their password, and has the mail.
async fn forgetful_peer(scene: &Scene) -> String {
    forgot(scene, "peer@example.com").await;
    mailed_token(scene, AccountRequestKind::ResetPassword, "peer@example.com")
}

#[tokio::test]
async fn asking_for_a_link_is_the_same_work_for_an_address_without_an_account() {
    let scene = Scene::new();
    let mut work = Vec::new();
    for email in ["peer@example.com", "nobody@example.com"] {
        let (begun, before) = (scene.store.begun(), scene.store.data().clone());
        forgot(&scene, email).await;
        let requests = scene.store.data().account_requests.len() - before.account_requests.len();
        work.push((scene.store.begun() - begun, scene.told()[before.events.len()..].to_vec(), requests));
    }
    let told = vec!["auth.password_reset_requested".to_owned(), "notification.email".to_owned()];
    assert_eq!(work, [(1, told.clone(), 1), (1, told, 1)]);
    let recipients: Vec<_> = mails(&scene).into_iter().map(|mail| (mail.user, mail.address)).collect();
    let peer = (Some(Person::Peer.id().uuid()), Some("peer@example.com".to_owned()));
    assert_eq!(recipients, [peer, (None, None)]);
    let data = scene.store.data();
    let tenants: Vec<_> = data.events.iter().map(|event| event.organization()).collect();
    assert_eq!(tenants, [Some(Scene::ACME), Some(Scene::ACME), None, None]);
    assert!(data.events.iter().all(|event| event.actor_user().is_none()), "nobody has proved who they are");
}

#[tokio::test]
async fn the_link_sets_a_password_ends_all_sessions_and_shows_that_the_address_is_read() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    unverify(&scene, Person::Peer);
    let one = accounts.login(&nobody(), "peer@example.com", password("Peer's password")).await.unwrap();
    accounts.login(&nobody(), "peer@example.com", password("Peer's password")).await.unwrap();
    let other = accounts.login(&nobody(), "member@example.com", password("Member's password")).await.unwrap();
    let authenticator = authenticator(&scene, &accounts);
    authenticator.authenticate(&one.access_token).await.unwrap();

    let token = forgetful_peer(&scene).await;
    let before = scene.told().len();
    accounts.reset_password(&nobody(), &token, password("quite another one")).await.unwrap();
    let ended = authenticator.authenticate(&one.access_token).await;
    assert_eq!(ended.unwrap_err(), AppError::Unauthenticated(Denial::EndedSession));
    authenticator.authenticate(&other.access_token).await.unwrap();
    assert!(is_verified(&scene, Person::Peer));
    let told =
        ["auth.signed_out", "auth.signed_out", "user.password_reset", "user.email_verified", "notification.email"];
    assert_eq!(scene.told()[before..], told);
    let mail = mails(&scene).pop().unwrap();
    assert_eq!((mail.kind.as_str(), mail.address.as_deref()), ("account.password_changed", Some("peer@example.com")));

    let old = accounts.login(&nobody(), "peer@example.com", password("Peer's password")).await;
    assert_eq!(old.unwrap_err(), AppError::Unauthenticated(Denial::InvalidCredentials));
    accounts.login(&nobody(), "peer@example.com", password("quite another one")).await.unwrap();
    let again = accounts.reset_password(&nobody(), &token, password("and one more of them")).await;
    assert_eq!(again, Err(REFUSED), "it is good once");
}

#[tokio::test]
async fn a_link_is_good_for_half_an_hour_and_until_one_of_them_is_used() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let first = forgetful_peer(&scene).await;
    let second = forgetful_peer(&scene).await;
    let reset = async |token: &str| accounts.reset_password(&nobody(), token, password("quite another one")).await;
    scene.clock.set(40);
    assert_eq!(reset(&second).await, Err(REFUSED));
    scene.clock.set(39);
    reset(&first).await.unwrap();
    assert_eq!(reset(&second).await, Err(REFUSED), "whoever asked for it");
}

#[tokio::test]
async fn a_password_that_breaks_rules_is_refused_with_all_of_them_and_the_link_stays_good() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let token = forgetful_peer(&scene).await;
    let before = scene.store.data().clone();
    let weak = accounts.reset_password(&nobody(), &token, password("PEERguess")).await;
    let faults = [IdentityError::PasswordLength, IdentityError::PasswordPersonal, IdentityError::PasswordWeak];
    assert_eq!(weak, Err(AppError::Violations(faults.map(Violation::from).to_vec())));
    assert_eq!(*scene.store.data(), before);
    accounts.reset_password(&nobody(), &token, password("quite another one")).await.unwrap();
}

#[tokio::test]
async fn an_invented_token_is_refused_before_anything_is_hashed() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let unknown = PlainAccountTokens.issue(AccountRequestKind::ResetPassword, uuid::Uuid::nil().into());
    // That of a request for nobody: it was mailed to nobody, either.
    forgot(&scene, "nobody@example.com").await;
    let request = scene.store.data().account_requests[0].id;
    let nobodys = PlainAccountTokens.issue(AccountRequestKind::ResetPassword, request);
    for token in ["", "nonsense", &unknown, &nobodys] {
        let refused = accounts.reset_password(&nobody(), token, password("guess")).await;
        assert_eq!(refused, Err(REFUSED), "{token:?}");
    }
}

#[tokio::test]
async fn nobody_gets_in_by_a_password_that_is_replaced_while_it_is_compared() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let proof = scene.app.queries.identity.credentials(&Person::Peer.email()).await.unwrap();
    let token = forgetful_peer(&scene).await;
    accounts.reset_password(&nobody(), &token, password("quite another one")).await.unwrap();
    let start = StartSession {
        user: Person::Peer.id(),
        proof,
        session: Person::Peer.session(),
        refresh_hash: accounts.secrets.digest("token"),
        client: Client::default(),
    };
    let begun = scene.store.begun();
    let refused = AppError::Unauthenticated(Denial::InvalidCredentials);
    assert_eq!(scene.app.execute(&nobody(), start).await.unwrap_err(), refused);
    assert_eq!(scene.store.begun() - begun, 1, "trying again would not help");
    assert!(scene.store.data().sessions.is_empty());
}

#[tokio::test]
async fn a_sign_in_that_a_new_password_overtook_is_refused_as_one_with_a_wrong_password() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let known = scene.app.queries.identity.credentials(&Person::Peer.email()).await.unwrap().unwrap();
    let refused = AppError::Unauthenticated(Denial::InvalidCredentials);
    let reason = || match scene.store.data().events.last().unwrap().fact().unwrap() {
        Fact::Identity(IdentityFact::SignInFailed { reason }) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(accounts.overtaken(&nobody(), &known, "peer@example.com", None).await, refused);
    assert_eq!(reason(), SignInFailure::NoOrganization, "nothing else is left that it could be");
    let token = forgetful_peer(&scene).await;
    accounts.reset_password(&nobody(), &token, password("quite another one")).await.unwrap();
    assert_eq!(accounts.overtaken(&nobody(), &known, "peer@example.com", None).await, refused);
    assert_eq!(reason(), SignInFailure::WrongPassword);
}

#[tokio::test]
async fn a_password_whose_hash_is_out_of_date_is_hashed_anew_when_it_is_used() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let hash_of_peer = || {
        let data = scene.store.data();
        data.users.iter().find(|it| it.id == Person::Peer.id()).unwrap().password_hash.clone()
    };
    let old = PasswordHash::new("old hash of Peer's password".to_owned());
    scene.store.data().users.iter_mut().find(|it| it.id == Person::Peer.id()).unwrap().password_hash = old.clone();
    accounts.login(&nobody(), "peer@example.com", password("guessed")).await.unwrap_err();
    assert_eq!(hash_of_peer(), old);

    scene.store.fail_commits([crate::unit_of_work::StoreError::Broken("out of order".to_owned())]);
    accounts.login(&nobody(), "peer@example.com", password("Peer's password")).await.unwrap();
    assert_eq!(hash_of_peer(), old, "who cannot be given a better one signs in all the same");

    let version = scene.store.data().users.iter().find(|it| it.id == Person::Peer.id()).unwrap().version;
    accounts.login(&nobody(), "peer@example.com", password("Peer's password")).await.unwrap();
    assert_eq!(hash_of_peer(), PasswordHash::new("hash of Peer's password".to_owned()));
    let data = scene.store.data();
    let peer = data.users.iter().find(|it| it.id == Person::Peer.id()).unwrap();
    assert_eq!(peer.version, version, "nothing about the user has changed");
}
