use std::time::Duration;

use tenon_application::identity::SessionArchive;
use tenon_domain::SessionId;
use tenon_domain::identity::{Client, Session, TokenHash};
use tenon_infrastructure::persistence::SqlSessionArchive;

use super::fixture::{Fixture, Person};
use super::on_every_database;

on_every_database! {
    only_sessions_that_ended_long_enough_ago_are_forgotten,
    any_number_of_sessions_is_forgotten,
}

async fn start(fixture: &Fixture, person: &Person, revoked: bool) -> SessionId {
    let id = fixture.id();
    let hash = TokenHash::new("hash".into());
    let (user, organization) = (person.viewer.user, person.viewer.organization);
    let mut session = Session::start(id, user, organization, hash, Client::default(), fixture.now());
    if revoked {
        session.revoke(fixture.now());
    }
    let mut unit = fixture.unit(person).await;
    unit.sessions().save(session).await.unwrap();
    unit.commit().await.unwrap();
    id
}

async fn is_known(fixture: &Fixture, session: SessionId) -> bool {
    fixture.queries.identity.session(session).await.unwrap().is_some()
}

async fn only_sessions_that_ended_long_enough_ago_are_forgotten(fixture: &Fixture) {
    let archive = SqlSessionArchive::new(fixture.database.clone());
    let ada = fixture.found("ada").await;
    let (revoked, expiring) = (start(fixture, &ada, true).await, start(fixture, &ada, false).await);
    assert_eq!(archive.purge(fixture.now()).await.unwrap(), 0, "revoked then, not before");
    fixture.clock.advance(Duration::from_millis(1));
    let revoked_later = start(fixture, &ada, true).await;
    assert_eq!(archive.purge(fixture.now()).await.unwrap(), 1);
    assert!(!is_known(fixture, revoked).await);
    assert!(is_known(fixture, revoked_later).await && is_known(fixture, expiring).await);

    let expires_at = fixture.queries.identity.session(expiring).await.unwrap().unwrap().expires_at;
    assert_eq!(archive.purge(expires_at).await.unwrap(), 1, "the one revoked later");
    assert!(is_known(fixture, expiring).await && is_known(fixture, ada.session).await);
    // The one Ada registered with, too.
    assert_eq!(archive.purge(expires_at + Duration::from_millis(1)).await.unwrap(), 2);
    assert!(!is_known(fixture, expiring).await && !is_known(fixture, ada.session).await);
}

async fn any_number_of_sessions_is_forgotten(fixture: &Fixture) {
    let archive = SqlSessionArchive::new(fixture.database.clone());
    let ada = fixture.found("ada").await;
    let mut unit = fixture.unit(&ada).await;
    for _ in 0..501 {
        let hash = TokenHash::new("hash".into());
        let (user, organization) = (ada.viewer.user, ada.viewer.organization);
        let mut session = Session::start(fixture.id(), user, organization, hash, Client::default(), fixture.now());
        session.revoke(fixture.now());
        unit.sessions().save(session).await.unwrap();
    }
    unit.commit().await.unwrap();
    fixture.clock.advance(Duration::from_millis(1));
    assert_eq!(archive.purge(fixture.now()).await.unwrap(), 501);
    assert!(is_known(fixture, ada.session).await);
}
