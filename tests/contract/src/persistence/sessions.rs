use std::sync::Arc;
use std::time::Duration;

use tenon_application::PageRequest;
use tenon_domain::SessionId;
use tenon_domain::identity::{Client, Session, TokenHash};

use super::fixture::{Fixture, Person};
use super::lists::{request, walk};
use super::on_every_database;

on_every_database! {
    all_sessions_of_a_user_that_live_end_together,
    any_number_of_sessions_is_saved_together_with_its_events,
    sessions_are_listed_page_by_page_the_last_used_first,
}

/// A session of this person's, in that one's organization.
fn session(fixture: &Fixture, person: &Person, there: &Person) -> Session {
    let (user, organization) = (person.viewer.user, there.viewer.organization);
    let hash = TokenHash::new("hash".into());
    Session::start(fixture.id(), user, organization, hash, Client::default(), fixture.now())
}

async fn save(fixture: &Fixture, sessions: Vec<Session>) {
    let mut unit = fixture.deployment().await;
    unit.sessions().save_all(sessions).await.unwrap();
    unit.commit().await.unwrap();
}

async fn is_revoked(fixture: &Fixture, id: SessionId) -> bool {
    fixture.queries.identity.session(id).await.unwrap().unwrap().revoked
}

async fn all_sessions_of_a_user_that_live_end_together(fixture: &Fixture) {
    let (ada, bob) = (fixture.found("ada").await, fixture.found("bob").await);
    let (elsewhere, mut ended) = (session(fixture, &ada, &bob), session(fixture, &ada, &ada));
    let elsewhere_id = elsewhere.state().id;
    ended.revoke(fixture.now());
    save(fixture, vec![elsewhere, ended]).await;

    let mut unit = fixture.deployment().await;
    let mut live = unit.sessions().live_of(ada.viewer.user).await.unwrap();
    drop(unit);
    let ids: Vec<_> = live.iter().map(|session| session.state().id).collect();
    assert_eq!(ids, [ada.session, elsewhere_id]);
    live.iter_mut().for_each(|session| session.revoke(fixture.now()));
    save(fixture, live).await;
    assert!(is_revoked(fixture, ada.session).await && is_revoked(fixture, elsewhere_id).await);
    assert!(!is_revoked(fixture, bob.session).await);

    let mut unit = fixture.deployment().await;
    assert!(unit.sessions().live_of(ada.viewer.user).await.unwrap().is_empty());
    assert_eq!(unit.sessions().live_of(bob.viewer.user).await.unwrap().len(), 1);
    drop(unit);
    fixture.clock.advance(Session::LIFETIME.to_std().unwrap());
    let mut unit = fixture.deployment().await;
    assert!(unit.sessions().live_of(bob.viewer.user).await.unwrap().is_empty(), "it has expired");
}

/// More rows than any of the databases takes in one statement, of the events as of the sessions.
async fn any_number_of_sessions_is_saved_together_with_its_events(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    save(fixture, (0..8_200).map(|_| session(fixture, &ada, &ada)).collect()).await;
    save(fixture, Vec::new()).await;
    let mut unit = fixture.deployment().await;
    assert_eq!(unit.sessions().live_of(ada.viewer.user).await.unwrap().len(), 8_201);
}

async fn sessions_are_listed_page_by_page_the_last_used_first(fixture: &Fixture) {
    let (ada, bob) = (fixture.found("ada").await, fixture.found("bob").await);
    let mut expected = vec![ada.session];
    for there in [&ada, &bob, &ada, &ada, &bob, &ada] {
        // Some of them are used at the same moment.
        if expected.len() % 2 == 0 {
            fixture.clock.advance(Duration::from_millis(1));
        }
        let session = session(fixture, &ada, there);
        expected.push(session.state().id);
        save(fixture, vec![session]).await;
    }
    let mut ended = session(fixture, &ada, &ada);
    ended.revoke(fixture.now());
    save(fixture, vec![ended]).await;
    expected.reverse();

    let (user, current, now) = (ada.viewer.user, Some(ada.session), fixture.now());
    for limit in [1, 2, 3, 50] {
        let listed = walk(request(limit, vec![]), |page| {
            let identity = Arc::clone(&fixture.queries.identity);
            async move { identity.sessions(user, current, now, &page).await }
        });
        let listed = listed.await;
        let ids: Vec<_> = listed.iter().map(|view| view.id).collect();
        assert_eq!(ids, expected, "by {limit}");
        assert!(listed.iter().all(|view| view.current == (view.id == ada.session)));
    }
    let page = PageRequest { include_total: true, ..request(2, vec![]) };
    let page = fixture.queries.identity.sessions(user, None, now, &page).await.unwrap();
    assert_eq!((page.total, page.items.len()), (Some(7), 2));
    let later = now + Session::LIFETIME;
    let page = fixture.queries.identity.sessions(user, None, later, &request(2, vec![])).await.unwrap();
    assert!(page.items.is_empty());
}
