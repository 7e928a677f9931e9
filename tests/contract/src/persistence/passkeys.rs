use std::time::Duration;

use tenon_application::StoreError;
use tenon_application::identity::{PasskeyCeremonyArchive, PasskeyView};
use tenon_domain::identity::{NewPasskey, Passkey, PasskeyName, PasskeyState, TokenHash};
use tenon_domain::{PasskeyId, UserId};
use tenon_infrastructure::persistence::SqlPasskeyCeremonyArchive;

use super::fixture::Fixture;
use super::lists::request;
use super::on_every_database;

on_every_database! {
    a_passkey_comes_back_as_saved_and_is_gone_once_removed,
    a_passkey_changed_since_is_stale,
    a_credential_is_registered_once,
    passkeys_are_listed_by_their_owner_and_count_as_second_factors,
    a_ceremony_is_finished_once_and_forgotten_when_it_would_have_expired,
    of_two_who_finish_a_ceremony_at_once_one_does,
}

/// Longer than any index takes.
fn credential() -> String {
    format!("{{\"é\":\"{}\"}}", "x".repeat(5000))
}

fn digest(text: &str) -> TokenHash {
    TokenHash::new(format!("{text:0>64}"))
}

fn new(fixture: &Fixture, user: UserId, credential_id: &str) -> Passkey {
    let new = NewPasskey {
        id: fixture.id(),
        user_id: user,
        credential_digest: digest(credential_id),
        name: PasskeyName::parse("Télephone").unwrap(),
        credential: credential(),
        synced: true,
    };
    Passkey::add(new, 0, fixture.now()).unwrap()
}

async fn save(fixture: &Fixture, passkey: Passkey) -> PasskeyState {
    let mut unit = fixture.deployment().await;
    let state = unit.passkeys().save(passkey).await.unwrap();
    unit.commit().await.unwrap();
    state
}

async fn stored(fixture: &Fixture, id: PasskeyId) -> Option<PasskeyState> {
    let mut unit = fixture.deployment().await;
    unit.passkeys().find(id).await.unwrap().map(|passkey| passkey.state().clone())
}

async fn a_passkey_comes_back_as_saved_and_is_gone_once_removed(fixture: &Fixture) {
    let ada = fixture.found("ada").await.viewer.user;
    let saved = save(fixture, new(fixture, ada, "a")).await;
    assert_eq!((saved.version, saved.last_used_at), (1, None));
    assert_eq!(stored(fixture, saved.id).await, Some(saved.clone()));
    let mut unit = fixture.deployment().await;
    let found = unit.passkeys().find_by_credential(&digest("a")).await.unwrap();
    assert_eq!(found.map(|it| it.state().clone()), Some(saved.clone()));
    assert!(unit.passkeys().find_by_credential(&digest("b")).await.unwrap().is_none());
    drop(unit);

    fixture.clock.advance(Duration::from_millis(1));
    let mut passkey = Passkey::restore(saved.clone());
    passkey.note_use("{}".to_owned(), false, fixture.now());
    passkey.rename(PasskeyName::parse("Old").unwrap());
    let used = save(fixture, passkey).await;
    assert_eq!((used.version, used.last_used_at, used.synced), (2, Some(fixture.now()), false));
    assert_eq!(stored(fixture, saved.id).await, Some(used.clone()));
    assert_eq!(save(fixture, Passkey::restore(used.clone())).await, used, "nothing happened");

    let mut unit = fixture.deployment().await;
    let mut passkey = Passkey::restore(used);
    passkey.remove();
    unit.passkeys().remove(passkey).await.unwrap();
    assert!(unit.commit().await.unwrap(), "the event is stored");
    assert_eq!(stored(fixture, saved.id).await, None);
}

async fn a_passkey_changed_since_is_stale(fixture: &Fixture) {
    let ada = fixture.found("ada").await.viewer.user;
    let read = save(fixture, new(fixture, ada, "a")).await;
    let used = |counter: &str| {
        let mut passkey = Passkey::restore(read.clone());
        passkey.note_use(counter.to_owned(), true, fixture.now());
        passkey
    };
    save(fixture, used("1")).await;
    let mut unit = fixture.deployment().await;
    assert_eq!(unit.passkeys().save(used("2")).await, Err(StoreError::Stale));
    assert_eq!(unit.passkeys().remove(Passkey::restore(read.clone())).await, Err(StoreError::Stale));
}

async fn a_credential_is_registered_once(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await.viewer.user, fixture.found("eve").await.viewer.user);
    save(fixture, new(fixture, ada, "a")).await;
    for user in [ada, eve] {
        let mut unit = fixture.deployment().await;
        let again = unit.passkeys().save(new(fixture, user, "a")).await;
        assert!(matches!(again, Err(StoreError::Duplicate(_))), "{again:?}");
    }
    save(fixture, new(fixture, eve, "b")).await;
}

async fn passkeys_are_listed_by_their_owner_and_count_as_second_factors(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await.viewer.user, fixture.found("eve").await.viewer.user);
    let mut own = Vec::new();
    for credential_id in ["a", "b", "c"] {
        own.push(save(fixture, new(fixture, ada, credential_id)).await);
    }
    let others = save(fixture, new(fixture, eve, "d")).await;
    own.sort_by_key(|state| std::cmp::Reverse(state.id));
    let views: Vec<_> = own.iter().cloned().map(PasskeyView::from).collect();

    let queries = &fixture.queries.passkeys;
    let mut page = request(2, Vec::new());
    page.include_total = true;
    let first = queries.list(ada, &page).await.unwrap();
    assert_eq!((first.items.as_slice(), first.total), (&views[..2], Some(3)));
    page.after = first.next;
    let second = queries.list(ada, &page).await.unwrap();
    assert_eq!((second.items.as_slice(), second.next), (&views[2..], None));
    assert_eq!(queries.find(ada, own[0].id).await.unwrap().as_ref(), Some(&views[0]));
    assert_eq!(queries.find(ada, others.id).await.unwrap(), None);
    assert_eq!(queries.credentials(ada).await.unwrap(), vec![credential(); 3]);

    let found = fixture.queries.identity.second_factors(ada).await.unwrap();
    assert_eq!((found.passkeys, found.is_enabled(), found.has_app()), (3, true, false));
    let mut unit = fixture.deployment().await;
    assert_eq!(unit.passkeys().count(ada).await.unwrap(), 3);
    let mut all: Vec<_> = unit.passkeys().all_of(ada).await.unwrap().iter().map(|it| it.state().clone()).collect();
    all.sort_by_key(|state| std::cmp::Reverse(state.id));
    assert_eq!(all, own);
    unit.passkeys().erase_all(ada).await.unwrap();
    unit.commit().await.unwrap();
    assert!(!fixture.queries.identity.second_factors(ada).await.unwrap().is_enabled());
    assert_eq!(queries.credentials(eve).await.unwrap().len(), 1);
}

async fn finish(fixture: &Fixture, ceremony: &str) -> Result<(), StoreError> {
    let mut unit = fixture.deployment().await;
    unit.passkeys().finish(&digest(ceremony), fixture.now()).await?;
    unit.commit().await.map(drop)
}

async fn a_ceremony_is_finished_once_and_forgotten_when_it_would_have_expired(fixture: &Fixture) {
    let archive = SqlPasskeyCeremonyArchive::new(fixture.database.clone());
    finish(fixture, "a").await.unwrap();
    let again = finish(fixture, "a").await;
    assert!(matches!(again, Err(StoreError::Duplicate(_))), "{again:?}");
    let first = fixture.now();
    fixture.clock.advance(Duration::from_millis(1));
    finish(fixture, "b").await.unwrap();
    assert_eq!(archive.purge(first).await.unwrap(), 0);
    assert_eq!(archive.purge(fixture.now()).await.unwrap(), 1);
    finish(fixture, "a").await.unwrap();
    assert!(finish(fixture, "b").await.is_err());
}

async fn of_two_who_finish_a_ceremony_at_once_one_does(fixture: &Fixture) {
    let outcomes = tokio::join!(finish(fixture, "a"), finish(fixture, "a"));
    let finished = [outcomes.0, outcomes.1].iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(finished, 1);
}
