use tenon_domain::identity::{Session, SessionState};

use super::*;
use crate::actor::Denial;
use crate::error::AppError;
use crate::in_memory::{at, authenticator, sign_in_service};
use crate::page::{Page, PageRequest};

const ENDED: AppError = AppError::Unauthenticated(Denial::EndedSession);

/// Somebody who signed in, at this minute, with this browser.
async fn sign_in(scene: &Scene, accounts: &Accounts, who: Person, minute: i64, browser: &str) -> (Actor, SignedIn) {
    scene.clock.set(minute);
    let origin = Origin { user_agent: Some(browser.to_owned()), ..nobody().origin };
    let password = password(&format!("{who:?}'s password"));
    let signed_in = accounts.login(&Actor::anonymous(origin), who.email().as_str(), password).await.unwrap();
    let principal = authenticator(scene, accounts).authenticate(&signed_in.access_token).await.unwrap();
    (Actor { principal, origin: Origin::default() }, signed_in)
}

async fn list(scene: &Scene, actor: &Actor, limit: u64) -> Page<SessionView> {
    let page = PageRequest { limit, after: None, sort: Vec::new(), include_total: true };
    scene.app.ask(actor, ListSessions { page }).await.unwrap()
}

async fn is_good(scene: &Scene, accounts: &Accounts, signed_in: &SignedIn) -> Result<(), AppError> {
    authenticator(scene, accounts).authenticate(&signed_in.access_token).await.map(|_| ())
}

/// Changes the session of somebody who signed in behind the application's back.
fn alter(scene: &Scene, actor: &Actor, change: impl Fn(&mut SessionState)) {
    let id = actor.session().unwrap();
    change(scene.store.data().sessions.iter_mut().find(|it| it.id == id).unwrap());
}

#[tokio::test]
async fn one_sees_ones_own_sessions_that_live_the_last_used_first() {
    let scene = Scene::new();
    let (accounts, _) = sign_in_service(&scene);
    let (old, first) = sign_in(&scene, &accounts, Person::Peer, 10, "Netscape").await;
    let (here, _) = sign_in(&scene, &accounts, Person::Peer, 11, "curl").await;
    let (expired, _) = sign_in(&scene, &accounts, Person::Peer, 12, "Mosaic").await;
    sign_in(&scene, &accounts, Person::Member, 12, "Lynx").await;
    alter(&scene, &expired, |session| session.expires_at = at(12));
    assert_eq!(list(&scene, &here, 50).await.items[0].user_agent.as_deref(), Some("curl"));
    scene.clock.set(13);
    accounts.refresh(&nobody(), &first.refresh_token).await.unwrap();

    let page = list(&scene, &here, 50).await;
    let seen: Vec<_> = page.items.iter().map(|it| (it.user_agent.as_deref().unwrap(), it.current)).collect();
    assert_eq!(seen, [("Netscape", false), ("curl", true)]);
    assert_eq!((page.total, page.next), (Some(2), None));
    let view = &page.items[0];
    assert_eq!((view.id, view.organization_id), (old.session().unwrap(), Scene::ACME));
    assert_eq!((view.created_at, view.last_used_at, view.expires_at), (at(10), at(13), at(13) + Session::LIFETIME));
    assert_eq!(view.address.as_deref(), Some("192.0.2.1"));
    assert_eq!(list(&scene, &here, 1).await.next, Some(view.position()));
}

#[tokio::test]
async fn one_ends_any_session_of_ones_own_and_nobody_elses() {
    let scene = Scene::new();
    let (accounts, _) = sign_in_service(&scene);
    let (here, mine) = sign_in(&scene, &accounts, Person::Peer, 10, "curl").await;
    let (there, other) = sign_in(&scene, &accounts, Person::Peer, 10, "Netscape").await;
    let (stranger, foreign) = sign_in(&scene, &accounts, Person::Member, 10, "Lynx").await;
    let end = |actor: &Actor| EndOwnSession { session: actor.session().unwrap() };
    let absent = Err(AppError::NotFound("session"));
    assert_eq!(scene.app.execute(&here, end(&stranger)).await, absent);
    assert_eq!(is_good(&scene, &accounts, &foreign).await, Ok(()));

    assert_eq!(scene.app.execute(&here, end(&there)).await, Ok(()));
    assert_eq!(is_good(&scene, &accounts, &other).await, Err(ENDED));
    assert!(accounts.refresh(&nobody(), &other.refresh_token).await.is_err());
    assert_eq!(scene.app.execute(&here, end(&there)).await, absent, "it has ended already");
    assert_eq!(scene.told()[3..], ["auth.signed_out"]);

    assert_eq!(scene.app.execute(&here, end(&here)).await, Ok(()));
    assert_eq!(is_good(&scene, &accounts, &mine).await, Err(ENDED));
}

#[tokio::test]
async fn signing_out_everywhere_is_told_in_the_organization_of_each_session() {
    let scene = Scene::new();
    let (accounts, _) = sign_in_service(&scene);
    let (here, mine) = sign_in(&scene, &accounts, Person::Peer, 10, "curl").await;
    let (there, other) = sign_in(&scene, &accounts, Person::Peer, 10, "Netscape").await;
    let (_, foreign) = sign_in(&scene, &accounts, Person::Member, 10, "Lynx").await;
    let ajax = Person::Stranger.organization();
    alter(&scene, &there, |session| session.organization_id = ajax);
    scene.store.data().events.clear();

    accounts.logout_all(&here).await.unwrap();
    for ended in [&mine, &other] {
        assert_eq!(is_good(&scene, &accounts, ended).await, Err(ENDED));
        assert!(accounts.refresh(&nobody(), &ended.refresh_token).await.is_err());
    }
    assert_eq!(is_good(&scene, &accounts, &foreign).await, Ok(()));
    let data = scene.store.data().clone();
    let told: Vec<_> = data.events.iter().map(|event| (event.name.as_str(), event.organization())).collect();
    assert_eq!(told, [("auth.signed_out", Some(Scene::ACME)), ("auth.signed_out", Some(ajax))]);
    assert!(data.events.iter().all(|event| event.actor_user() == Some(Person::Peer.id())));
}

#[tokio::test]
async fn one_session_more_than_may_live_ends_the_one_that_was_used_longest_ago() {
    let scene = Scene::new();
    let (accounts, _) = sign_in_service(&scene);
    let (_, oldest) = sign_in(&scene, &accounts, Person::Peer, 10, "Netscape").await;
    let (there, displaced) = sign_in(&scene, &accounts, Person::Peer, 11, "Mosaic").await;
    for _ in 2..Session::MAX_LIVE {
        sign_in(&scene, &accounts, Person::Peer, 12, "curl").await;
    }
    let ajax = Person::Stranger.organization();
    alter(&scene, &there, |session| session.organization_id = ajax);
    scene.clock.set(13);
    let oldest = accounts.refresh(&nobody(), &oldest.refresh_token).await.unwrap();
    assert_eq!(is_good(&scene, &accounts, &displaced).await, Ok(()), "there are as many as may be");
    scene.store.data().events.clear();

    let (here, _) = sign_in(&scene, &accounts, Person::Peer, 14, "Lynx").await;
    assert_eq!(is_good(&scene, &accounts, &displaced).await, Err(ENDED), "also where it was known to be good");
    assert_eq!(is_good(&scene, &accounts, &oldest).await, Ok(()));
    assert_eq!(list(&scene, &here, 1).await.total, Some(Session::MAX_LIVE as u64));
    let data = scene.store.data().clone();
    let told: Vec<_> = data.events.iter().map(|event| (event.name.as_str(), event.organization())).collect();
    assert_eq!(told, [("auth.signed_out", Some(ajax)), ("auth.signed_in", Some(Scene::ACME))]);
}
