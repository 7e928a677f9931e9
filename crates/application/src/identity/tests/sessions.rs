use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::Password;
use tenon_domain::organizations::MemberState;

use super::*;
use crate::actor::{Actor, Denial, Origin};
use crate::error::AppError;
use crate::in_memory::{Person, Scene, at, authenticator, sign_in_service};

const SPENT: AppError = AppError::Unauthenticated(Denial::InvalidRefreshToken);
const ENDED: AppError = AppError::Unauthenticated(Denial::EndedSession);

fn anonymous() -> Actor {
    Actor::anonymous(Origin::default())
}

/// A scene with the peer signed in.
async fn signed_in() -> (Scene, Accounts, SignedIn, Authenticator) {
    let scene = Scene::new();
    let (accounts, _) = sign_in_service(&scene);
    let password = Password::attempt("Peer's password".to_owned());
    let grant = accounts.login(&anonymous(), "peer@example.com", password).await.unwrap();
    let authenticator = authenticator(&scene, &accounts);
    (scene, accounts, grant, authenticator)
}

/// Makes the peer a guest of Ajax, too.
fn join_ajax(scene: &Scene) {
    let state = MemberState {
        user_id: Person::Peer.id(),
        display_name: Person::Peer.name(),
        role: OrganizationRole::Guest,
        custom_role: None,
        suspended_at: None,
        deactivated_at: None,
        version: 1,
        joined_at: at(5),
        updated_at: at(5),
    };
    scene.store.data().members.push((Person::Stranger.organization(), state));
}

/// The actor of a request with this token.
async fn actor_of(authenticator: &Authenticator, token: &str) -> Result<Actor, AppError> {
    Ok(Actor { principal: authenticator.authenticate(token).await?, origin: Origin::default() })
}

#[tokio::test]
async fn a_refresh_token_is_spent_by_using_it() {
    let (scene, accounts, first, _) = signed_in().await;
    scene.clock.set(20);
    let second = accounts.refresh(&anonymous(), &first.refresh_token).await.unwrap();
    assert_ne!(second.refresh_token, first.refresh_token);
    let third = accounts.refresh(&anonymous(), &second.refresh_token).await.unwrap();
    assert_eq!(third.user.id, Person::Peer.id());
    assert_eq!(scene.store.data().sessions.len(), 1, "all of them are one session");
    assert_eq!(scene.told(), ["auth.signed_in"], "using a session is no event");
}

#[tokio::test]
async fn a_forged_or_mangled_refresh_token_is_refused() {
    let (_, accounts, grant, _) = signed_in().await;
    let session = grant.refresh_token.rsplit_once('_').unwrap().0;
    let forged = [
        String::new(),
        "nonsense".to_owned(),
        "tenon_rt_nonsense_secret".to_owned(),
        "tenon_rt_00000000000000000000000000000000_secret0".to_owned(),
        format!("{session}_guessed"),
        session.to_owned(),
    ];
    for token in forged {
        assert_eq!(accounts.refresh(&anonymous(), &token).await.unwrap_err(), SPENT, "{token:?}");
    }
    assert!(accounts.refresh(&anonymous(), &grant.refresh_token).await.is_ok(), "guesses did not spend it");
}

#[tokio::test]
async fn a_session_that_is_not_used_for_thirty_days_is_over() {
    let (scene, accounts, grant, _) = signed_in().await;
    scene.clock.set(10 + 30 * 24 * 60);
    assert_eq!(accounts.refresh(&anonymous(), &grant.refresh_token).await.unwrap_err(), SPENT);
}

#[tokio::test]
async fn who_was_removed_from_the_organization_goes_on_in_another_one_of_theirs() {
    let (scene, accounts, grant, _) = signed_in().await;
    join_ajax(&scene);
    let mut data = scene.store.data().clone();
    data.members.retain(|(org, it)| (*org, it.user_id) != (Scene::ACME, Person::Peer.id()));
    *scene.store.data() = data;
    let moved = accounts.refresh(&anonymous(), &grant.refresh_token).await.unwrap();
    assert_eq!((moved.organization.name.as_str(), moved.organization.role), ("Ajax", OrganizationRole::Guest));
    assert_eq!(scene.told(), ["auth.signed_in", "auth.organization_switched"]);

    scene.store.data().members.retain(|(_, it)| it.user_id != Person::Peer.id());
    assert_eq!(accounts.refresh(&anonymous(), &moved.refresh_token).await.unwrap_err(), SPENT);
}

#[tokio::test]
async fn a_session_moves_to_another_organization_of_its_user_with_a_new_token() {
    let (scene, accounts, grant, authenticator) = signed_in().await;
    let actor = actor_of(&authenticator, &grant.access_token).await.unwrap();
    let ajax = Person::Stranger.organization();
    let foreign = accounts.switch_organization(&actor, ajax).await.unwrap_err();
    assert_eq!(foreign, AppError::NotFound("organization"), "as if it did not exist");

    join_ajax(&scene);
    let moved = accounts.switch_organization(&actor, ajax).await.unwrap();
    assert_eq!(moved.organization.id, ajax);
    let there = actor_of(&authenticator, &moved.access_token).await.unwrap();
    let viewer = there.viewer().unwrap();
    assert_eq!((viewer.organization, viewer.role), (ajax, OrganizationRole::Guest));
    assert_eq!(accounts.refresh(&anonymous(), &grant.refresh_token).await.unwrap_err(), SPENT);
}

#[tokio::test]
async fn logging_out_ends_every_token_of_the_session_at_once() {
    let (scene, accounts, grant, authenticator) = signed_in().await;
    let actor = actor_of(&authenticator, &grant.access_token).await.unwrap();
    accounts.logout(&actor).await.unwrap();
    let refused = actor_of(&authenticator, &grant.access_token).await;
    assert_eq!(refused, Err(ENDED));
    assert_eq!(accounts.refresh(&anonymous(), &grant.refresh_token).await.unwrap_err(), SPENT);
    let ajax = Person::Stranger.organization();
    join_ajax(&scene);
    assert_eq!(accounts.switch_organization(&actor, ajax).await.unwrap_err(), ENDED);
    accounts.logout(&actor).await.unwrap();
    assert_eq!(scene.told(), ["auth.signed_in", "auth.signed_out"]);
}

#[tokio::test]
async fn a_token_is_good_for_fifteen_minutes_and_for_its_own_session() {
    let (scene, _, grant, authenticator) = signed_in().await;
    let authenticate = |token: String| {
        let authenticator = authenticator.clone();
        async move { actor_of(&authenticator, &token).await }
    };
    assert_eq!(authenticate("forged".to_owned()).await, Err(AppError::Unauthenticated(Denial::InvalidToken)));
    let claims = Claims {
        user: Person::Member.id(),
        organization: Scene::ACME,
        session: scene.store.data().sessions[0].id,
        role: OrganizationRole::Owner,
        issued_at: at(10),
        expires_at: at(25),
    };
    let stolen = authenticator.tokens.issue(&claims).unwrap();
    assert_eq!(authenticate(stolen).await, Err(ENDED), "the session is somebody else's");
    scene.clock.set(25);
    let expired = authenticate(grant.access_token).await;
    assert_eq!(expired, Err(AppError::Unauthenticated(Denial::ExpiredToken)));
}

#[tokio::test]
async fn the_present_role_counts_and_not_the_one_in_the_token() {
    let (scene, _, grant, authenticator) = signed_in().await;
    let demote = crate::organizations::ChangeMemberRole {
        user: Person::Peer.id(),
        role: Some(OrganizationRole::Guest.into()),
        expected_version: None,
    };
    scene.run(Person::Owner, demote).await.unwrap();
    let actor = actor_of(&authenticator, &grant.access_token).await.unwrap();
    assert_eq!(actor.viewer().unwrap().role, OrganizationRole::Guest);

    let remove = crate::organizations::RemoveMember { user: Person::Peer.id(), expected_version: None };
    scene.run(Person::Owner, remove).await.unwrap();
    assert_eq!(actor_of(&authenticator, &grant.access_token).await, Err(ENDED));
}
