use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{Email, IdentityError, User};

use super::*;
use crate::actor::Denial;
use crate::error::AppError;
use crate::in_memory::{at, authenticator, code_at, sign_in_service, typed};

#[tokio::test]
async fn a_deleted_account_leaves_its_work_and_nothing_of_who_it_was() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let login = async || accounts.login(&nobody(), "peer@example.com", password("Peer's password")).await;
    let signed_in = login().await.unwrap();
    let authenticator = authenticator(&scene, &accounts);
    let principal = authenticator.authenticate(&signed_in.access_token).await.unwrap();
    let peer = Actor { principal, origin: Origin::default() };
    scene.add_task(1, scene.open_project(1, "ENG"), &[Person::Peer, Person::Member]);
    scene.app.execute(&nobody(), RequestPasswordReset { email: Person::Peer.email() }).await.unwrap();
    scene.store.data().events.clear();

    accounts.delete_account(&peer, password("Peer's password"), None).await.unwrap();
    assert_eq!(scene.told(), ["organization.member_removed", "auth.signed_out", "user.deleted", "notification.email"]);
    let data = scene.store.data().clone();
    let user = data.users.iter().find(|it| it.id == Person::Peer.id()).unwrap();
    assert_eq!((user.deleted_at, user.display_name.as_str()), (Some(at(10)), User::DELETED_NAME));
    assert!(data.members.iter().all(|(_, it)| it.user_id != Person::Peer.id()));
    assert_eq!((data.sessions.len(), data.account_requests.len()), (0, 0));
    assert_eq!(data.tasks[0].1.assignees.as_slice(), [Person::Member.id()]);
    assert_eq!(scene.app.queries.identity.contacts(&[Person::Peer.id()]).await.unwrap(), []);

    let ended = authenticator.authenticate(&signed_in.access_token).await;
    assert_eq!(ended.unwrap_err(), AppError::Unauthenticated(Denial::EndedSession));
    assert_eq!(login().await.unwrap_err(), AppError::Unauthenticated(Denial::InvalidCredentials));
}

#[tokio::test]
async fn a_placeholder_that_somebody_has_registered_is_in_nobodys_way() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let taken = Email::of_deleted(Person::Peer.id());
    let stranger = Person::Stranger.id();
    scene.store.data().users.iter_mut().find(|it| it.id == stranger).unwrap().email = taken.clone();
    accounts.delete_account(&Person::Peer.actor(), password("Peer's password"), None).await.unwrap();
    let data = scene.store.data();
    let erased = data.users.iter().find(|it| it.id == Person::Peer.id()).unwrap();
    assert!(erased.deleted_at.is_some() && !erased.email.takes_mail() && erased.email != taken, "{erased:?}");
}

#[tokio::test]
async fn the_only_owner_of_an_organization_stays() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let owner = Person::Owner.actor();
    let before = scene.store.data().clone();
    let refused = accounts.delete_account(&owner, password("Owner's password"), None).await;
    assert_eq!(refused, Err(AppError::OnlyOwner { organizations: vec!["Acme".to_owned()] }));
    assert_eq!(*scene.store.data(), before);

    let appoint = |who: Person| {
        let mut data = scene.store.data();
        data.members.iter_mut().find(|(_, it)| it.user_id == who.id()).unwrap().1.role = OrganizationRole::Owner;
    };
    appoint(Person::Admin);
    accounts.delete_account(&owner, password("Owner's password"), None).await.unwrap();
}

#[tokio::test]
async fn it_takes_the_password_and_a_code_of_the_second_factor() {
    let scene = Scene::new().with_sessions();
    let accounts = sign_in_service(&scene).0;
    let (peer, right) = (Person::Peer.actor(), || password("Peer's password"));
    let app = accounts.begin_totp(&peer, right(), None).await.unwrap();
    accounts.confirm_totp(&peer, &code_at(&app, at(10))).await.unwrap();
    scene.clock.set(20);
    let delete = async |password, minutes: Option<i64>| {
        accounts.delete_account(&peer, password, minutes.and_then(|minutes| typed(code_at(&app, at(minutes))))).await
    };
    let users = scene.store.data().users.clone();
    assert_eq!(delete(password("guessed"), Some(20)).await, Err(IdentityError::WrongPassword.into()));
    assert_eq!(delete(right(), None).await, Err(IdentityError::CodeNeeded.into()));
    assert_eq!(delete(right(), Some(15)).await, Err(IdentityError::WrongCode.into()));
    assert_eq!(scene.store.data().second_factors[0].wrong_codes, 1, "it is counted");
    assert_eq!(scene.store.data().users, users);
    scene.store.data().events.clear();
    delete(right(), Some(20)).await.unwrap();
    assert_eq!(scene.store.data().second_factors, []);
    let told =
        scene.store.data().events.iter().map(|event| (event.name.clone(), event.organization())).collect::<Vec<_>>();
    assert!(told.contains(&("auth.mfa_disabled".to_owned(), Some(Scene::ACME))), "{told:?}");
}

#[tokio::test]
async fn a_recovery_code_that_was_used_for_it_is_on_the_audit_trail_of_the_organization() {
    let scene = Scene::new().with_sessions();
    let accounts = sign_in_service(&scene).0;
    let (peer, right) = (Person::Peer.actor(), || password("Peer's password"));
    let app = accounts.begin_totp(&peer, right(), None).await.unwrap();
    let codes = accounts.confirm_totp(&peer, &code_at(&app, at(10))).await.unwrap();
    scene.store.data().events.clear();
    accounts.delete_account(&peer, right(), typed(codes[0].grouped())).await.unwrap();
    let data = scene.store.data().clone();
    for name in ["auth.recovery_code_used", "auth.mfa_disabled", "user.deleted"] {
        let event = data.events.iter().find(|event| event.name == name).unwrap();
        assert_eq!(event.organization(), Some(Scene::ACME), "{name}");
    }
}

#[tokio::test]
async fn the_last_word_goes_to_the_address_that_is_erased() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    accounts.delete_account(&Person::Peer.actor(), password("Peer's password"), None).await.unwrap();
    let mail = mails(&scene).pop().unwrap();
    assert_eq!((mail.kind.as_str(), mail.address.as_deref()), ("account.deleted", Some("peer@example.com")));
}

#[tokio::test]
async fn a_second_factor_that_was_only_begun_asks_for_no_code() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let peer = Person::Peer.actor();
    accounts.begin_totp(&peer, password("Peer's password"), None).await.unwrap();
    accounts.delete_account(&peer, password("Peer's password"), None).await.unwrap();
    assert_eq!(scene.store.data().second_factors, []);
}
