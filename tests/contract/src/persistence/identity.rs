use std::collections::HashSet;
use std::time::Duration;

use tenon_application::identity::{EditProfile, EmailVerification, RotateSession, Rotation, StartSession};
use tenon_application::{Actor, AppError, Denial, Origin, StoreError};
use tenon_domain::identity::{Client, DisplayName, PasswordHash, Session, TokenHash};

use super::fixture::{Fixture, email};
use super::on_every_database;

on_every_database! {
    a_user_comes_back_as_saved,
    a_user_changed_since_is_stale,
    an_address_is_taken_once,
    no_session_begins_with_a_password_that_is_being_changed,
    a_session_comes_back_as_saved,
    of_many_uses_of_a_refresh_token_at_once_all_get_the_same_next_one,
}

async fn a_user_comes_back_as_saved(fixture: &Fixture) {
    let user = fixture.user("ada");
    let id = user.state().id;
    let mut unit = fixture.deployment().await;
    let saved = unit.users().save(user).await.unwrap();
    assert_eq!(saved.version, 1);
    assert!(unit.commit().await.unwrap(), "the event is stored");

    let mut unit = fixture.deployment().await;
    let mut found = unit.users().find(id).await.unwrap().unwrap();
    assert_eq!(*found.state(), saved);
    found.rename(DisplayName::parse("Ada, Countess ✨").unwrap(), fixture.now());
    let renamed = unit.users().save(found).await.unwrap();
    assert_eq!(renamed.version, 2);
    unit.commit().await.unwrap();

    let mut unit = fixture.deployment().await;
    let found = unit.users().find(id).await.unwrap().unwrap();
    assert_eq!(*found.state(), renamed);
    let unchanged = unit.users().save(found).await.unwrap();
    assert_eq!(unchanged.version, 2, "what did not change is not written");
    let contacts = unit.users().contacts(&[id, fixture.id()]).await.unwrap();
    assert_eq!(contacts.len(), 1);
    assert_eq!((contacts[0].id, contacts[0].display_name.as_str()), (id, "Ada, Countess ✨"));
    assert!(unit.users().contacts(&[]).await.unwrap().is_empty());
    assert!(!unit.commit().await.unwrap(), "no event is stored");

    let identity = &fixture.queries.identity;
    let credentials = identity.credentials(&email("ada")).await.unwrap().unwrap();
    assert_eq!((credentials.user_id, credentials.password_hash.as_str()), (id, "hash"));
    assert_eq!(identity.credentials(&email("nobody")).await.unwrap(), None);
    assert_eq!(identity.user(id).await.unwrap(), Some(renamed.into()));
    assert_eq!(identity.user(fixture.id()).await.unwrap(), None);
}

async fn a_user_changed_since_is_stale(fixture: &Fixture) {
    let owner = fixture.found("ada").await;
    let mut unit = fixture.unit(&owner).await;
    let mut earlier = unit.users().find(owner.viewer.user).await.unwrap().unwrap();
    drop(unit);
    let display_name = Some(DisplayName::parse("Countess").unwrap());
    fixture.app.execute(&owner.actor, EditProfile { display_name, expected_version: Some(1) }).await.unwrap();

    let mut unit = fixture.unit(&owner).await;
    earlier.rename(DisplayName::parse("Ada Lovelace").unwrap(), fixture.now());
    assert_eq!(unit.users().save(earlier).await, Err(StoreError::Stale));
    drop(unit);
    let user = fixture.queries.identity.user(owner.viewer.user).await.unwrap().unwrap();
    assert_eq!(user.display_name, "Countess");
}

async fn an_address_is_taken_once(fixture: &Fixture) {
    fixture.found("ada").await;
    let mut unit = fixture.deployment().await;
    let outcome = unit.users().save(fixture.user("ada")).await;
    assert!(matches!(outcome, Err(StoreError::Duplicate(_))), "{outcome:?}");
}

async fn no_session_begins_with_a_password_that_is_being_changed(fixture: &Fixture) {
    let ada = fixture.found("ada").await.viewer.user;
    let start = StartSession {
        user: ada,
        proof: fixture.queries.identity.credentials(&email("ada")).await.unwrap(),
        session: fixture.id(),
        refresh_hash: TokenHash::new("refresh".into()),
        client: Client::default(),
    };
    let session = start.session;
    let mut unit = fixture.deployment().await;
    let mut user = unit.users().find_locked(ada).await.unwrap().unwrap();
    let app = fixture.app.clone();
    let mut signing_in =
        tokio::spawn(async move { app.execute(&Actor::anonymous(Origin::default()), start).await.map(|_| ()) });
    let early = tokio::time::timeout(Duration::from_millis(200), &mut signing_in).await;
    assert!(early.is_err(), "it waits: {early:?}");
    user.change_password(PasswordHash::new("another".into()), fixture.now());
    unit.users().save(user).await.unwrap();
    unit.commit().await.unwrap();
    let refused = AppError::Unauthenticated(Denial::InvalidCredentials);
    assert_eq!(signing_in.await.unwrap(), Err(refused));
    assert_eq!(fixture.queries.identity.session(session).await.unwrap(), None);
}

async fn a_session_comes_back_as_saved(fixture: &Fixture) {
    let (owner, other) = (fixture.found("ada").await, fixture.found("bob").await);
    let id = fixture.id();
    let client = Client { address: Some("2001:db8::1".into()), user_agent: Some("curl/8".into()) };
    let hash = TokenHash::new("first".into());
    let session = Session::start(id, owner.viewer.user, owner.viewer.organization, hash, client, fixture.now());
    let started = session.state().clone();
    let mut unit = fixture.unit(&owner).await;
    unit.sessions().save(session).await.unwrap();
    unit.commit().await.unwrap();

    let mut unit = fixture.unit(&owner).await;
    let mut session = unit.sessions().find(id).await.unwrap().unwrap();
    assert_eq!(*session.state(), started);
    fixture.clock.advance(Duration::from_millis(1));
    session.rotate(TokenHash::new("second".into()), Some("salt".into()), fixture.now());
    let rotated = session.state().clone();
    unit.sessions().save(session).await.unwrap();
    assert!(!unit.commit().await.unwrap(), "a rotation is written, though no event tells of it");

    let mut unit = fixture.unit(&owner).await;
    let mut session = unit.sessions().find(id).await.unwrap().unwrap();
    assert_eq!(*session.state(), rotated);
    let facts = fixture.queries.identity.session(id).await.unwrap().unwrap();
    assert_eq!((facts.user_id, facts.expires_at, facts.revoked), (owner.viewer.user, rotated.expires_at, false));
    session.switch(other.viewer.organization);
    session.revoke(fixture.now());
    let revoked = session.state().clone();
    unit.sessions().save(session).await.unwrap();
    unit.commit().await.unwrap();

    let mut unit = fixture.unit(&owner).await;
    assert_eq!(*unit.sessions().find(id).await.unwrap().unwrap().state(), revoked);
    assert!(unit.sessions().find(fixture.id()).await.unwrap().is_none());
    assert!(fixture.queries.identity.session(id).await.unwrap().unwrap().revoked);
    assert_eq!(fixture.queries.identity.session(fixture.id()).await.unwrap(), None);
}

async fn of_many_uses_of_a_refresh_token_at_once_all_get_the_same_next_one(fixture: &Fixture) {
    let owner = fixture.found("ada").await;
    let attempts = (0..6).map(|attempt| {
        let (app, session) = (fixture.app.clone(), owner.session);
        tokio::spawn(async move {
            let rotate = RotateSession {
                session,
                presented: TokenHash::new("refresh of ada".into()),
                genuine: true,
                next: TokenHash::new(format!("next {attempt}")),
                salt: attempt.to_string(),
                verification: EmailVerification::Off,
            };
            app.execute(&Actor::anonymous(Origin::default()), rotate).await
        })
    });
    let mut salts = HashSet::new();
    for attempt in attempts.collect::<Vec<_>>() {
        let rotation = attempt.await.unwrap().unwrap();
        let Rotation::Granted { salt, .. } = rotation else { panic!("{rotation:?}") };
        salts.insert(salt);
    }
    assert_eq!(salts.len(), 1, "{salts:?}");
    let mut unit = fixture.deployment().await;
    let session = unit.sessions().find(owner.session).await.unwrap().unwrap();
    let salt = session.state().spent.as_ref().and_then(|spent| spent.salt.clone()).unwrap();
    assert_eq!(session.state().refresh_hash.as_str(), format!("next {salt}"));
    assert!(salts.contains(&salt));
}
