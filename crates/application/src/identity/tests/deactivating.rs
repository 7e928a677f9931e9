//! Who is deactivated comes in nowhere, and finds everything as it was when they are reactivated.

use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{Email, IdentityFact, SignInFailure};
use tenon_domain::organizations::OrganizationName;
use tenon_domain::{Fact, OrganizationId, Timestamp};

use super::*;
use crate::actor::Denial;
use crate::audit::AppendAuditEntries;
use crate::error::AppError;
use crate::identity::directory::TIME_TO_LIVE;
use crate::in_memory::{at, sign_in_service};
use crate::organizations::CreateOrganization;
use crate::ports::Cache as _;

fn operator() -> Actor {
    Actor::system(None, Origin::default())
}

async fn deactivate(scene: &Scene, who: Person) -> Result<Deactivation, AppError> {
    scene.app.execute(&operator(), DeactivateUser { email: who.email() }).await
}

async fn reactivate(scene: &Scene, who: Person) -> Result<Deactivation, AppError> {
    scene.app.execute(&operator(), ReactivateUser { email: who.email() }).await
}

/// Acme, where the peer is anyway, and the stranger's organization, where they are now, too.
fn in_two_organizations(scene: &Scene) -> [OrganizationId; 2] {
    let elsewhere = Person::Stranger.organization();
    let mut data = scene.store.data();
    let peer = data.members.iter().find(|(_, it)| it.user_id == Person::Peer.id()).unwrap().1.clone();
    data.members.push((elsewhere, peer));
    [Scene::ACME, elsewhere]
}

fn deactivated_at(scene: &Scene, who: Person) -> Option<Timestamp> {
    scene.store.data().users.iter().find(|it| it.id == who.id()).unwrap().deactivated_at
}

#[tokio::test]
async fn who_is_deactivated_is_out_everywhere_and_comes_back_as_they_were() {
    let scene = Scene::new().with_sessions();
    let (organizations, peer) = (in_two_organizations(&scene), Person::Peer.id());
    let members = scene.store.data().members.clone();
    let sessions = &scene.app.sessions;
    assert!(sessions.role(Scene::ACME, peer).await.unwrap().is_some());
    let done = deactivate(&scene, Person::Peer).await.unwrap();
    assert_eq!(done, Deactivation { is_news: true, organizations: 2, sessions: 1 });
    assert_eq!(deactivated_at(&scene, Person::Peer), Some(at(10)));
    for organization in organizations {
        assert_eq!(sessions.role(organization, peer).await, Ok(None));
    }
    assert_eq!(sessions.session(Person::Peer.session()).await, Ok(CachedSession::Ended));
    assert_eq!(scene.told(), ["auth.signed_out", "user.deactivated", "user.deactivated"]);
    let told: Vec<_> = scene.store.data().events[1..].iter().map(|event| event.organization()).collect();
    assert_eq!(told, organizations.map(Some), "each organization hears of it");

    let again = deactivate(&scene, Person::Peer).await.unwrap();
    assert_eq!(again, Deactivation { is_news: false, organizations: 2, sessions: 0 });
    assert_eq!((scene.told().len(), deactivated_at(&scene, Person::Peer)), (3, Some(at(10))));

    let back = reactivate(&scene, Person::Peer).await.unwrap();
    assert_eq!(back, Deactivation { is_news: true, organizations: 2, sessions: 0 });
    assert_eq!(deactivated_at(&scene, Person::Peer), None);
    assert_eq!(scene.store.data().members, members, "nothing of theirs was touched");
    for organization in organizations {
        assert_eq!(sessions.role(organization, peer).await, Ok(Some(OrganizationRole::Member.into())));
    }
    assert_eq!(sessions.session(Person::Peer.session()).await, Ok(CachedSession::Ended), "they sign in again");
    let again = reactivate(&scene, Person::Peer).await.unwrap();
    assert_eq!(again, Deactivation { is_news: false, organizations: 2, sessions: 0 });
    assert_eq!(scene.told()[3..], ["user.reactivated", "user.reactivated"]);
}

#[tokio::test]
async fn what_an_organization_has_suspended_stays_so() {
    let scene = Scene::new();
    let [acme, elsewhere] = in_two_organizations(&scene);
    scene.set_suspended(Person::Peer, Some(at(5)));
    deactivate(&scene, Person::Peer).await.unwrap();
    reactivate(&scene, Person::Peer).await.unwrap();
    assert_eq!(scene.app.sessions.role(acme, Person::Peer.id()).await, Ok(None));
    assert!(scene.app.sessions.role(elsewhere, Person::Peer.id()).await.unwrap().is_some());
}

#[tokio::test]
async fn nobody_is_left_without_an_owner_and_nobody_unknown_is_barred() {
    let scene = Scene::new();
    let refused = Err(AppError::OnlyOwner { organizations: vec!["Acme".to_owned()] });
    assert_eq!(deactivate(&scene, Person::Owner).await, refused);
    assert_eq!(deactivated_at(&scene, Person::Owner), None);
    let nobody = Email::parse("nobody@example.com").unwrap();
    let absent = Err(AppError::NotFound("user"));
    assert_eq!(scene.app.execute(&operator(), DeactivateUser { email: nobody.clone() }).await, absent);
    assert_eq!(scene.app.execute(&operator(), ReactivateUser { email: nobody }).await, absent);

    // Of two owners one may go, and the other is the only one then.
    for (_, member) in scene.store.data().members.iter_mut().filter(|(_, it)| it.user_id == Person::Admin.id()) {
        member.role = OrganizationRole::Owner;
    }
    assert!(deactivate(&scene, Person::Owner).await.unwrap().is_news);
    assert_eq!(deactivate(&scene, Person::Admin).await, refused);
}

#[tokio::test]
async fn it_is_told_only_once_the_password_was_right() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let login = async |text: &str| accounts.login(&nobody(), "Peer@example.com", password(text)).await;
    let signed_in = login("Peer's password").await.unwrap();
    scene.set_deactivated(Person::Peer, Some(at(10)));
    let refreshed = accounts.refresh(&nobody(), &signed_in.refresh_token).await.unwrap_err();
    assert_eq!(refreshed, AppError::Deactivated, "were the session still there");
    assert_eq!(login("guessed").await.unwrap_err(), AppError::Unauthenticated(Denial::InvalidCredentials));
    assert_eq!(login("Peer's password").await.unwrap_err(), AppError::Deactivated);
    let event = scene.store.data().events.last().unwrap().clone();
    let expected = IdentityFact::SignInFailed { reason: SignInFailure::Deactivated };
    assert_eq!((event.fact(), event.subject.name.as_str()), (Some(Fact::Identity(expected)), "peer@example.com"));
    assert_eq!(scene.store.data().sessions.len(), 1);

    // It says more than that they belong nowhere, or are suspended.
    scene.set_suspended(Person::Peer, Some(at(5)));
    assert_eq!(login("Peer's password").await.unwrap_err(), AppError::Deactivated);
    scene.store.data().members.retain(|(_, it)| it.user_id != Person::Peer.id());
    assert_eq!(login("Peer's password").await.unwrap_err(), AppError::Deactivated);
}

#[tokio::test]
async fn a_new_password_lets_nobody_in() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    scene.set_deactivated(Person::Peer, Some(at(5)));
    scene.app.execute(&nobody(), RequestPasswordReset { email: Person::Peer.email() }).await.unwrap();
    let token = mailed_token(&scene, AccountRequestKind::ResetPassword, "peer@example.com");
    accounts.reset_password(&nobody(), &token, password("quite another one")).await.unwrap();
    let login = accounts.login(&nobody(), "peer@example.com", password("quite another one")).await;
    assert_eq!(login.unwrap_err(), AppError::Deactivated);
}

#[tokio::test]
async fn who_is_deactivated_meanwhile_founds_nothing() {
    let scene = Scene::new();
    scene.set_deactivated(Person::Peer, Some(at(5)));
    let found = CreateOrganization { name: OrganizationName::parse("Another").unwrap() };
    assert_eq!(scene.run(Person::Peer, found).await.map(drop), Err(AppError::Deactivated));
}

#[tokio::test]
async fn instances_hear_of_what_the_command_line_did_from_the_trail() {
    let scene = Scene::new().with_sessions();
    let (sessions, peer) = (&scene.app.sessions, Person::Peer.id());
    let append = async || {
        let events = scene.store.data().events.clone();
        let actor = Actor::system(Some(Scene::ACME), Origin::default());
        scene.app.execute(&actor, AppendAuditEntries { events }).await.unwrap();
    };
    deactivate(&scene, Person::Peer).await.unwrap();
    // What an instance believes that has heard nothing.
    sessions.role_changed(Scene::ACME, peer, Some(OrganizationRole::Member.into())).await;
    let live = CachedSession::Live { user: peer, expires_at: at(1000) };
    scene.cache.put(&format!("session:{}", Person::Peer.session()), &live.encode(), TIME_TO_LIVE).await;
    append().await;
    assert_eq!(sessions.role(Scene::ACME, peer).await, Ok(None));
    assert_eq!(sessions.session(Person::Peer.session()).await, Ok(CachedSession::Ended));

    reactivate(&scene, Person::Peer).await.unwrap();
    sessions.role_changed(Scene::ACME, peer, None).await;
    append().await;
    assert!(sessions.role(Scene::ACME, peer).await.unwrap().is_some());
}
