use tenon_domain::Fact;
use tenon_domain::identity::{DisplayName, Email, IdentityError, IdentityFact, Password, PasswordHash, SignInFailure};
use tenon_domain::organizations::OrganizationError;

use super::*;
use crate::actor::{Actor, Denial, Origin};
use crate::command::Tenancy;
use crate::error::AppError;
use crate::in_memory::{Person, Scene, at, sign_in_service};

fn anonymous() -> Actor {
    Actor::anonymous(Origin { ip: Some("192.0.2.1".to_owned()), ..Origin::default() })
}

fn registration(email: &str) -> RegisterInput {
    RegisterInput {
        email: email.to_owned(),
        password: Password::attempt("long enough".to_owned()),
        display_name: "Nora".to_owned(),
        organization_name: "Nora's".to_owned(),
    }
}

fn attempt(text: &str) -> Password {
    Password::attempt(text.to_owned())
}

#[tokio::test]
async fn registering_makes_an_account_an_organization_and_a_session() {
    let scene = Scene::new();
    let signed_in = sign_in_service(&scene).0.register(&anonymous(), registration("new@example.com")).await.unwrap();
    assert_eq!(signed_in.organization.name, "Nora's");
    assert_eq!(signed_in.expires_in.num_seconds(), 900);
    assert_eq!(
        scene.told(),
        ["organization.created", "user.registered", "organization.member_joined", "auth.signed_in"]
    );
    let data = scene.store.data();
    let user = signed_in.user.id;
    let tenant = Some(signed_in.organization.id);
    assert!(data.events.iter().all(|it| it.actor_user() == Some(user) && it.organization() == tenant));
    assert_eq!(data.users.last().unwrap().password_hash, PasswordHash::new("hash of long enough".to_owned()));
    let session = data.sessions.last().unwrap();
    assert_eq!(session.client.address.as_deref(), Some("192.0.2.1"));
    assert_eq!(session.refresh_hash.as_str(), format!("digest of {}", signed_in.refresh_token), "never in clear");
}

#[tokio::test]
async fn a_taken_address_leaves_nothing_behind() {
    let scene = Scene::new();
    let before = scene.store.data().clone();
    let taken = sign_in_service(&scene).0.register(&anonymous(), registration("PEER@example.com")).await.unwrap_err();
    assert_eq!(taken, AppError::from(IdentityError::EmailTaken));
    assert_eq!(*scene.store.data(), before);
}

#[tokio::test]
async fn a_deployment_for_one_organization_registers_only_its_founder() {
    let mut scene = Scene::new();
    scene.app.tenancy = Tenancy::Single;
    let second = sign_in_service(&scene).0.register(&anonymous(), registration("new@example.com")).await.unwrap_err();
    assert_eq!(second, AppError::from(OrganizationError::SingleTenancy));
}

#[tokio::test]
async fn the_right_password_signs_in_whatever_the_case_of_the_address() {
    let scene = Scene::new();
    let (accounts, _) = sign_in_service(&scene);
    let signed_in = accounts.login(&anonymous(), " Peer@Example.com", attempt("Peer's password")).await.unwrap();
    assert_eq!((signed_in.user.id, signed_in.organization.id), (Person::Peer.id(), Scene::ACME));
    assert_eq!(scene.told(), ["auth.signed_in"]);
    let claims = accounts.access_tokens.read(&signed_in.access_token, at(10)).unwrap();
    assert_eq!((claims.user, claims.organization), (Person::Peer.id(), Scene::ACME));
    assert_eq!((claims.issued_at, claims.expires_at), (at(10), at(25)));
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_are_the_same_answer_after_the_same_work() {
    let scene = Scene::new();
    let (accounts, hasher) = sign_in_service(&scene);
    let mut work = Vec::new();
    for email in ["peer@example.com", "nobody@example.com", "not an address"] {
        let before = (scene.store.begun(), scene.store.committed());
        let refused = accounts.login(&anonymous(), email, attempt("guessed password")).await.unwrap_err();
        assert_eq!(refused, AppError::Unauthenticated(Denial::InvalidCredentials), "{email}");
        work.push((scene.store.begun() - before.0, scene.store.committed() - before.1));
    }
    assert_eq!(work, [(1, 1); 3], "one transaction each");
    let known = PasswordHash::new("hash of Peer's password".to_owned());
    assert_eq!(hasher.verified(), [Some(known), None, None], "one comparison each");
}

#[tokio::test]
async fn every_refused_sign_in_is_audited_where_it_belongs() {
    let scene = Scene::new();
    let (accounts, _) = sign_in_service(&scene);
    let _ = accounts.login(&anonymous(), "peer@example.com", attempt("guessed")).await;
    let _ = accounts.login(&anonymous(), "nobody@example.com", attempt("guessed")).await;
    scene.store.data().members.retain(|(_, it)| it.user_id != Person::Peer.id());
    let homeless = accounts.login(&anonymous(), "peer@example.com", attempt("Peer's password")).await.unwrap_err();
    assert_eq!(homeless, AppError::Unauthenticated(Denial::InvalidCredentials));

    let data = scene.store.data();
    let reasons = [SignInFailure::WrongPassword, SignInFailure::UnknownAddress, SignInFailure::NoOrganization];
    let told: Vec<_> = data.events.iter().map(|event| event.fact().unwrap()).collect();
    assert_eq!(told, reasons.map(|reason| Fact::Identity(IdentityFact::SignInFailed { reason })));
    let shown: Vec<_> =
        data.events.iter().map(|event| (event.changes[0].field.as_str(), &event.changes[0].to)).collect();
    let texts = reasons.map(|reason| serde_json::json!(reason.as_str()));
    assert_eq!(shown, texts.each_ref().map(|text| ("reason", text)), "and whoever reads the trail sees it");
    let tenants: Vec<_> = data.events.iter().map(|it| it.organization()).collect();
    assert_eq!(tenants, [Some(Scene::ACME), None, None]);
    assert_eq!(data.events[1].subject.name, "nobody@example.com");
    assert!(data.events.iter().all(|it| it.actor_user().is_none()), "nobody has proved who they are");
    assert!(data.sessions.is_empty());
}

#[tokio::test]
async fn an_endless_address_is_cut_before_it_is_kept() {
    let scene = Scene::new();
    let (accounts, _) = sign_in_service(&scene);
    assert!(accounts.login(&anonymous(), &"é".repeat(10_000), attempt("guessed")).await.is_err());
    assert_eq!(scene.store.data().events[0].subject.name.chars().count(), Email::MAX_CHARS);
}

#[tokio::test]
async fn a_profile_is_renamed_by_its_user_only_at_the_version_they_saw() {
    let scene = Scene::new();
    let rename =
        |version| EditProfile { display_name: DisplayName::parse("Max").ok(), expected_version: Some(version) };
    assert_eq!(scene.run(Person::Peer, rename(3)).await, Err(AppError::PreconditionFailed));
    assert_eq!(scene.run(Person::Peer, rename(1)).await.unwrap().display_name, "Max");
    assert_eq!(scene.told(), ["user.updated"]);
    assert_eq!(scene.app.ask(&Person::Peer.actor(), FindProfile).await.unwrap().version, 2);
    let nobody = scene.app.ask(&anonymous(), FindProfile).await;
    assert_eq!(nobody, Err(AppError::Unauthenticated(Denial::MissingToken)));
}
