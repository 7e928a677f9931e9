use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{IdentityError, Password, UserKind};
use tenon_domain::organizations::OrganizationError;

use super::*;
use crate::in_memory::{Person, Scene, at, code_at, sign_in_service, typed};

fn right() -> Password {
    Password::attempt("Owner's password".to_owned())
}

fn role(scene: &Scene, who: Person) -> OrganizationRole {
    let data = scene.store.data();
    data.members.iter().find(|(org, it)| *org == Scene::ACME && it.user_id == who.id()).unwrap().1.role
}

#[tokio::test]
async fn an_owner_hands_the_organization_on_and_becomes_an_administrator() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let owner = Person::Owner.actor();
    let handed = accounts.transfer_ownership(&owner, Person::Peer.id(), right(), None, false, None).await.unwrap();
    assert_eq!((handed.role, handed.version), (OrganizationRole::Admin, 2));
    assert_eq!(role(&scene, Person::Owner), OrganizationRole::Admin);
    assert_eq!(role(&scene, Person::Peer), OrganizationRole::Owner);
    for (who, role) in [(Person::Owner, OrganizationRole::Admin), (Person::Peer, OrganizationRole::Owner)] {
        assert_eq!(
            scene.app.sessions.role(Scene::ACME, who.id()).await,
            Ok(Some(role.into())),
            "every instance hears of it"
        );
    }
    let told =
        ["organization.member_role_changed", "organization.member_role_changed", "organization.ownership_transferred"];
    assert_eq!(scene.told(), told);
}

#[tokio::test]
async fn an_owner_may_stay_one() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let owner = Person::Owner.actor();
    let handed = accounts.transfer_ownership(&owner, Person::Admin.id(), right(), None, true, None).await.unwrap();
    assert_eq!(handed.role, OrganizationRole::Owner);
    assert_eq!(role(&scene, Person::Owner), OrganizationRole::Owner);
    assert_eq!(role(&scene, Person::Admin), OrganizationRole::Owner);
}

#[tokio::test]
async fn only_an_owner_does_so_who_proves_who_they_are() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let before = scene.store.data().members.clone();
    let admin = Password::attempt("Admin's password".to_owned());
    let by_admin =
        accounts.transfer_ownership(&Person::Admin.actor(), Person::Peer.id(), admin, None, false, None).await;
    assert_eq!(by_admin, refused(Permission::ManageOwners));
    let guessed = Password::attempt("guessed".to_owned());
    let owner = Person::Owner.actor();
    let wrong = accounts.transfer_ownership(&owner, Person::Peer.id(), guessed, None, false, None).await;
    assert_eq!(wrong, broken(IdentityError::WrongPassword));
    assert_eq!(scene.store.data().members, before);
}

#[tokio::test]
async fn it_passes_to_people_with_access_only_and_to_no_guest() {
    let scene = Scene::new();
    let (accounts, hasher) = sign_in_service(&scene);
    let owner = Person::Owner.actor();
    scene.set_suspended(Person::Member, Some(at(5)));
    scene.store.data().users.iter_mut().find(|it| it.id == Person::Peer.id()).unwrap().kind = UserKind::Service;
    for who in [Person::Owner, Person::Member, Person::Peer, Person::Guest, Person::Stranger] {
        let outcome = accounts.transfer_ownership(&owner, who.id(), right(), None, false, None).await;
        assert_eq!(outcome, broken(OrganizationError::NewOwner), "{who:?}");
    }
    assert!(hasher.verified().is_empty(), "the password was not even looked at");
    assert_eq!(scene.told(), [""; 0]);
}

#[tokio::test]
async fn it_takes_a_code_of_the_second_factor() {
    let scene = Scene::new().with_sessions();
    let accounts = sign_in_service(&scene).0;
    let owner = Person::Owner.actor();
    let app = accounts.begin_totp(&owner, right(), None).await.unwrap();
    let codes = accounts.confirm_totp(&owner, &code_at(&app, at(10))).await.unwrap();
    scene.clock.set(20);
    let to = Person::Admin.id();
    let without = accounts.transfer_ownership(&owner, to, right(), None, true, None).await;
    assert_eq!(without, broken(IdentityError::CodeNeeded));
    let wrong = accounts.transfer_ownership(&owner, to, right(), typed(code_at(&app, at(15))), true, None).await;
    assert_eq!(wrong, broken(IdentityError::WrongCode));
    assert_eq!(scene.store.data().second_factors[0].wrong_codes, 1, "it is counted");
    assert_eq!(role(&scene, Person::Admin), OrganizationRole::Admin);
    let code = code_at(&app, at(20));
    accounts.transfer_ownership(&owner, to, right(), typed(&code), true, None).await.unwrap();
    assert_eq!(role(&scene, Person::Admin), OrganizationRole::Owner);
    let spent = accounts.transfer_ownership(&owner, Person::Peer.id(), right(), typed(code), true, None).await;
    assert_eq!(spent, broken(IdentityError::WrongCode), "a code is good once");
    let recovery = codes[0].grouped();
    accounts.transfer_ownership(&owner, Person::Peer.id(), right(), typed(recovery), true, None).await.unwrap();
    assert_eq!(role(&scene, Person::Peer), OrganizationRole::Owner);
}

#[tokio::test]
async fn an_organization_that_has_changed_since_it_was_seen_stays_where_it_is() {
    let scene = Scene::new();
    let (accounts, owner) = (sign_in_service(&scene).0, Person::Owner.actor());
    let hand_on = |seen| accounts.transfer_ownership(&owner, Person::Peer.id(), right(), None, true, seen);
    assert_eq!(hand_on(Some(2)).await, Err(AppError::PreconditionFailed));
    assert_eq!(role(&scene, Person::Peer), OrganizationRole::Member);
    assert_eq!(hand_on(Some(1)).await.unwrap().version, 2);
}
