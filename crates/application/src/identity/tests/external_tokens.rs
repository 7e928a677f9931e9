use std::sync::Arc;

use async_trait::async_trait;
use tenon_domain::access::{OrganizationRole, Scope, Scopes};
use tenon_domain::identity::Email;
use tenon_domain::{OrganizationId, Timestamp};

use super::{is_verified, unverify};
use crate::actor::{Actor, Credential, Denial, Origin, Principal};
use crate::error::AppError;
use crate::identity::{
    Authenticator, DeactivateUser, EndAllSessions, ExternalClaims, ExternalTokens, FindProfile, ReactivateUser,
    TokenSubject,
};
use crate::in_memory::{Person, Scene, at, authenticator, sign_in_service};
use crate::organizations::RemoveMember;

const REFUSED: AppError = AppError::Unauthenticated(Denial::InvalidToken);

/// Reads one token, which says this.
struct Issuer(ExternalClaims);

#[async_trait]
impl ExternalTokens for Issuer {
    async fn read(&self, token: &str, _: Timestamp) -> Result<ExternalClaims, AppError> {
        if token == "theirs" { Ok(self.0.clone()) } else { Err(REFUSED) }
    }
}

fn claims(subject: TokenSubject) -> ExternalClaims {
    ExternalClaims { subject, organization: None, scopes: [Scope::TasksRead].into_iter().collect() }
}

fn of_peer() -> ExternalClaims {
    claims(TokenSubject::Email(Person::Peer.email()))
}

fn reading(scene: &Scene, claims: ExternalClaims) -> Authenticator {
    let (accounts, _) = sign_in_service(scene);
    Authenticator { external: Arc::new(Issuer(claims)), ..authenticator(scene, &accounts) }
}

async fn actor(scene: &Scene, claims: ExternalClaims) -> Result<Actor, AppError> {
    Ok(Actor { principal: reading(scene, claims).authenticate("theirs").await?, origin: Origin::default() })
}

#[tokio::test]
async fn a_token_is_its_users_with_its_scopes_and_their_role() {
    let scene = Scene::new();
    let scopes: Scopes = [Scope::TasksRead].into_iter().collect();
    for subject in [TokenSubject::Email(Person::Peer.email()), TokenSubject::User(Person::Peer.id())] {
        let actor = actor(&scene, claims(subject)).await.unwrap();
        let viewer = Person::Peer.viewer();
        assert_eq!(actor.principal, Principal::User { viewer, credential: Credential::External(scopes) });
        assert_eq!(actor.token(), None);
    }
    let authenticator = reading(&scene, of_peer());
    assert_eq!(authenticator.authenticate("nobody's").await, Err(REFUSED));
}

#[tokio::test]
async fn it_is_good_for_what_its_scopes_say_and_for_nothing_that_needs_a_session() {
    let scene = Scene::new();
    let actor = actor(&scene, of_peer()).await.unwrap();
    assert_eq!(actor.session(), Err(AppError::SessionRequired));
    let refused = scene.app.ask(&actor, FindProfile).await.unwrap_err();
    assert_eq!(refused, AppError::InsufficientScope(Scope::ProfileRead));
    let refused = scene.app.execute(&actor, EndAllSessions).await.unwrap_err();
    assert_eq!(refused, AppError::SessionRequired);
}

#[tokio::test]
async fn an_address_counts_whose_owner_has_shown_that_they_read_it() {
    let scene = Scene::new();
    unverify(&scene, Person::Peer);
    assert!(!is_verified(&scene, Person::Peer));
    assert_eq!(actor(&scene, of_peer()).await, Err(REFUSED));
    assert!(actor(&scene, claims(TokenSubject::User(Person::Peer.id()))).await.is_ok(), "an id is no address");
    let nobody = Email::parse("nobody@example.com").unwrap();
    assert_eq!(actor(&scene, claims(TokenSubject::Email(nobody))).await, Err(REFUSED));
}

#[tokio::test]
async fn who_was_unknown_is_known_with_their_next_request() {
    let scene = Scene::new();
    unverify(&scene, Person::Peer);
    assert_eq!(actor(&scene, of_peer()).await, Err(REFUSED));
    for user in &mut scene.store.data().users {
        user.email_verified_at = Some(at(1));
    }
    assert!(actor(&scene, of_peer()).await.is_ok());
}

#[tokio::test]
async fn it_is_good_in_one_organization_that_its_user_belongs_to() {
    let scene = Scene::new();
    let there = |organization: OrganizationId| ExternalClaims { organization: Some(organization), ..of_peer() };
    let viewer = actor(&scene, there(Scene::ACME)).await.unwrap().viewer().unwrap();
    assert_eq!((viewer.organization, viewer.role), (Scene::ACME, OrganizationRole::Member));
    assert_eq!(actor(&scene, there(Person::Stranger.organization())).await, Err(REFUSED));
}

#[tokio::test]
async fn who_left_is_refused_at_once() {
    let scene = Scene::new();
    let authenticator = reading(&scene, of_peer());
    assert!(authenticator.authenticate("theirs").await.is_ok());
    let remove = RemoveMember { user: Person::Peer.id(), expected_version: None };
    scene.run(Person::Owner, remove).await.unwrap();
    assert_eq!(authenticator.authenticate("theirs").await, Err(REFUSED));
}

#[tokio::test]
async fn who_is_deactivated_is_nobody_until_they_are_reactivated() {
    let scene = Scene::new();
    let operator = Actor::system(None, Origin::default());
    let authenticator = reading(&scene, of_peer());
    assert!(authenticator.authenticate("theirs").await.is_ok());
    scene.app.execute(&operator, DeactivateUser { email: Person::Peer.email() }).await.unwrap();
    assert_eq!(authenticator.authenticate("theirs").await, Err(REFUSED), "whatever is kept of them");
    scene.app.execute(&operator, ReactivateUser { email: Person::Peer.email() }).await.unwrap();
    assert!(authenticator.authenticate("theirs").await.is_ok());

    // Nothing is kept of who is asked for meanwhile.
    let scene = Scene::new();
    scene.set_deactivated(Person::Peer, Some(at(5)));
    let authenticator = reading(&scene, of_peer());
    assert_eq!(authenticator.authenticate("theirs").await, Err(REFUSED));
    scene.set_deactivated(Person::Peer, None);
    assert!(authenticator.authenticate("theirs").await.is_ok());
}
