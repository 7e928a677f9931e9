//! People who were suspended or removed, and give their address up.

use tenon_domain::identity::{Email, Password};

use super::super::accepting::{accept, find_addresses};
use super::*;
use crate::identity::{RegisterInput, SignedIn};

const PEER: &str = "peer@example.com";

fn password(text: &str) -> Password {
    Password::attempt(text.to_owned())
}

async fn delete_peer(scene: &Scene) {
    let accounts = sign_in_service(scene).0;
    accounts.delete_account(&Person::Peer.actor(), password("Peer's password"), None).await.unwrap();
}

/// The token that was mailed last.
fn last_token(scene: &Scene, kind: AccountRequestKind) -> String {
    let request = scene.store.data().account_requests.last().unwrap().id;
    PlainAccountTokens.issue(kind, request)
}

/// Somebody registers with the peer's address, and shows that they read it.
async fn register_anew(scene: &Scene) -> SignedIn {
    let accounts = sign_in_service(scene).0;
    let input = RegisterInput {
        email: PEER.to_owned(),
        password: password("quite another one"),
        display_name: "Pat".to_owned(),
        organization_name: "Another".to_owned(),
    };
    let signed_in = accounts.register(&nobody(), input).await.unwrap();
    scene.app.execute(&nobody(), ResendVerification { email: Person::Peer.email() }).await.unwrap();
    let token = last_token(scene, AccountRequestKind::VerifyEmail);
    accounts.verify_email(&nobody(), &token).await.unwrap();
    signed_in
}

fn actor(signed_in: &SignedIn) -> Actor {
    let viewer = crate::actor::Viewer::new(signed_in.user.id, signed_in.organization.id, OrganizationRole::Owner);
    Actor::user(viewer, Person::Guest.session(), Origin::default())
}

fn is_member(scene: &Scene, signed_in: &SignedIn) -> bool {
    let data = scene.store.data();
    data.members.iter().any(|(org, it)| *org == Scene::ACME && it.user_id == signed_in.user.id)
}

async fn stays_out(scene: &Scene) {
    let anew = register_anew(scene).await;
    assert!(!is_member(scene, &anew));
    let page = PageRequest { limit: 10, after: None, sort: Vec::new(), include_total: false };
    assert_eq!(scene.app.ask(&actor(&anew), ListJoinable { page }).await.unwrap().items, []);
    let joined = scene.app.execute(&actor(&anew), JoinOrganization { organization: Scene::ACME }).await;
    assert_eq!(joined, Err(AppError::NotFound("organization")));
}

#[tokio::test]
async fn who_is_suspended_does_not_come_back_by_a_new_account() {
    let (scene, _) = opened(OrganizationRole::Member).await;
    scene.set_suspended(Person::Peer, Some(at(10)));
    delete_peer(&scene).await;
    stays_out(&scene).await;
    let kept: Vec<_> = scene.store.data().excluded_addresses.clone();
    assert_eq!(kept, [(Scene::ACME, scene.app.addresses.digest(&Person::Peer.email()))]);
}

#[tokio::test]
async fn who_was_removed_does_not_come_back_by_a_new_account() {
    let (scene, _) = opened(OrganizationRole::Member).await;
    let remove = RemoveMember { user: Person::Peer.id(), expected_version: None };
    scene.run(Person::Owner, remove).await.unwrap();
    delete_peer(&scene).await;
    assert_eq!(scene.store.data().exclusions, [], "what says who it was is gone");
    stays_out(&scene).await;
}

#[tokio::test]
async fn nor_by_the_address_that_they_had_before() {
    let (scene, _) = opened(OrganizationRole::Member).await;
    scene.set_suspended(Person::Peer, Some(at(10)));
    let accounts = sign_in_service(&scene).0;
    let new = Email::parse("peer@example.org").unwrap();
    accounts.change_email(&Person::Peer.actor(), password("Peer's password"), new).await.unwrap();
    let token = last_token(&scene, AccountRequestKind::ConfirmEmail);
    accounts.confirm_email(&nobody(), &token).await.unwrap();
    stays_out(&scene).await;
}

#[tokio::test]
async fn who_was_neither_may_come_back() {
    let (scene, _) = opened(OrganizationRole::Guest).await;
    delete_peer(&scene).await;
    let anew = register_anew(&scene).await;
    assert!(is_member(&scene, &anew));
    assert_eq!(scene.store.data().excluded_addresses, []);
}

#[tokio::test]
async fn whose_address_is_invited_is_let_in_again() {
    let (mut scene, _) = opened(OrganizationRole::Member).await;
    scene.set_suspended(Person::Peer, Some(at(10)));
    delete_peer(&scene).await;
    let anew = register_anew(&scene).await;
    let invite = CreateInvitation { email: Person::Peer.email(), role: OrganizationRole::Guest.into() };
    let invitation = scene.run(Person::Owner, invite).await.unwrap().id;
    find_addresses(&mut scene);
    accept(&scene, &invitation.to_string(), None, Some("quite another one")).await.unwrap();
    assert!(is_member(&scene, &anew));
    assert_eq!(scene.store.data().excluded_addresses, []);
}
