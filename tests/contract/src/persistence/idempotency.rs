use std::time::Duration;

use tenon_application::idempotency::{Claim, Fingerprint, StoredAnswer};
use tenon_application::organizations::EditOrganization;
use tenon_application::{AppError, StoreError};
use tenon_domain::organizations::OrganizationName;
use tenon_domain::{Timestamp, UserId};

use super::fixture::{Fixture, Person};
use super::on_every_database;

on_every_database! {
    a_key_is_claimed_by_one_request,
    a_claim_goes_from_running_to_answered,
    a_dead_claim_is_taken_over_once,
    a_request_back_from_the_dead_changes_nothing,
    what_was_committed_is_answered_whoever_took_the_claim_over,
    a_claim_that_was_taken_over_is_not_given_back,
    old_keys_are_purged,
}

const LIFETIME: Duration = Duration::from_secs(60);

/// Digests as they are: of one length each.
fn fingerprint(request: &str, caller: &str) -> Fingerprint {
    Fingerprint { request: format!("{request:a<32}"), caller: format!("{caller:b<32}") }
}

fn usual() -> Fingerprint {
    fingerprint("request", "caller")
}

fn stale_before(fixture: &Fixture) -> Timestamp {
    fixture.now() - LIFETIME
}

async fn claim(fixture: &Fixture, user: UserId, key: &str) -> Claim {
    fixture.keys.claim(user, key, &usual(), fixture.now(), stale_before(fixture)).await.unwrap()
}

/// When the key was claimed.
async fn claim_anew(fixture: &Fixture, user: UserId, key: &str) -> Timestamp {
    match claim(fixture, user, key).await {
        Claim::Claimed(at) => at,
        other => panic!("{other:?}"),
    }
}

/// The claims of a request that hung for too long, and of the one that took its claim over.
async fn claim_twice(fixture: &Fixture, user: UserId, key: &str) -> (Timestamp, Timestamp) {
    let first = claim_anew(fixture, user, key).await;
    fixture.clock.advance(LIFETIME + Duration::from_millis(1));
    let second = claim_anew(fixture, user, key).await;
    assert_ne!(first, second);
    (first, second)
}

fn answer(status: u16) -> StoredAnswer {
    StoredAnswer { status, headers: Vec::new(), body: b"{}".to_vec() }
}

async fn a_key_is_claimed_by_one_request(fixture: &Fixture) {
    let (user, other): (UserId, UserId) = (fixture.id(), fixture.id());
    for round in 0..5 {
        let attempts: Vec<_> = (0..8)
            .map(|_| {
                let (keys, now, stale_before) = (fixture.keys.clone(), fixture.now(), stale_before(fixture));
                tokio::spawn(async move {
                    keys.claim(user, &format!("key {round}"), &usual(), now, stale_before).await.unwrap()
                })
            })
            .collect();
        let mut claims = Vec::new();
        for attempt in attempts {
            claims.push(attempt.await.unwrap());
        }
        assert_eq!(claims.iter().filter(|claim| matches!(claim, Claim::Claimed(_))).count(), 1, "{claims:?}");
        assert_eq!(claims.iter().filter(|claim| **claim == Claim::Running).count(), 7, "{claims:?}");
    }
    let new = Claim::Claimed(fixture.now());
    assert_eq!(claim(fixture, other, "key 0").await, new, "keys belong to their users");
    assert_eq!(claim(fixture, user, "KEY 0").await, new, "case counts");
    for (foreign, refusal) in [
        (fingerprint("another", "caller"), Claim::OtherRequest),
        (fingerprint("another", "stranger"), Claim::OtherRequest),
        (fingerprint("request", "stranger"), Claim::OtherCaller),
    ] {
        let claim = fixture.keys.claim(user, "key 0", &foreign, fixture.now(), stale_before(fixture)).await;
        assert_eq!(claim.unwrap(), refusal, "{foreign:?}");
    }
}

async fn a_claim_goes_from_running_to_answered(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let user = ada.viewer.user;
    let claimed_at = claim_anew(fixture, user, "k").await;
    assert_eq!(claimed_at, fixture.now());
    fixture.keys.release(user, "k", claimed_at).await.unwrap();
    assert_eq!(claim(fixture, user, "k").await, Claim::Claimed(claimed_at), "given back");

    let mut unit = fixture.unit(&ada).await;
    unit.idempotency().mark_committed(user, "k").await.unwrap();
    drop(unit);
    fixture.keys.release(user, "k", claimed_at).await.unwrap();
    assert_eq!(claim(fixture, user, "k").await, Claim::Claimed(claimed_at), "what was rolled back was not committed");

    let mut unit = fixture.unit(&ada).await;
    unit.idempotency().mark_committed(user, "k").await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(claim(fixture, user, "k").await, Claim::Running, "its answer is on the way");
    fixture.keys.release(user, "k", claimed_at).await.unwrap();
    fixture.clock.advance(LIFETIME + Duration::from_secs(1));
    assert_eq!(claim(fixture, user, "k").await, Claim::AnswerLost, "what was committed is not given back");

    let answer = StoredAnswer {
        status: 201,
        headers: vec![("Location".into(), "/api/v1/tasks/1".into()), ("ETag".into(), "\"1\"".into())],
        body: (0..200_000_u32).map(|byte| (byte % 251) as u8).collect(),
    };
    assert!(fixture.keys.keep_answer(user, "k", claimed_at, &answer).await.unwrap());
    assert_eq!(claim(fixture, user, "k").await, Claim::Answered(answer));
    let claim_as = async |other: Fingerprint| {
        fixture.keys.claim(user, "k", &other, fixture.now(), stale_before(fixture)).await.unwrap()
    };
    assert_eq!(claim_as(fingerprint("another", "caller")).await, Claim::OtherRequest);
    assert_eq!(claim_as(fingerprint("request", "stranger")).await, Claim::OtherCaller);
}

async fn a_dead_claim_is_taken_over_once(fixture: &Fixture) {
    let user = fixture.id();
    claim_anew(fixture, user, "k").await;
    fixture.clock.advance(LIFETIME);
    assert_eq!(claim(fixture, user, "k").await, Claim::Running, "not stale yet");
    fixture.clock.advance(Duration::from_millis(1));
    let stranger = fingerprint("request", "stranger");
    let other = fixture.keys.claim(user, "k", &stranger, fixture.now(), stale_before(fixture)).await;
    assert_eq!(other.unwrap(), Claim::OtherCaller, "only its own caller takes it over");
    let attempts: Vec<_> = (0..6)
        .map(|_| {
            let (keys, now, stale_before) = (fixture.keys.clone(), fixture.now(), stale_before(fixture));
            tokio::spawn(async move { keys.claim(user, "k", &usual(), now, stale_before).await.unwrap() })
        })
        .collect();
    let mut taken = 0;
    for attempt in attempts {
        match attempt.await.unwrap() {
            Claim::Claimed(_) => taken += 1,
            outcome => assert_eq!(outcome, Claim::Running),
        }
    }
    assert_eq!(taken, 1);
}

async fn a_request_back_from_the_dead_changes_nothing(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let mut with_key: Person = ada.clone();
    with_key.actor.origin.idempotency_key = Some("k".into());
    claim_anew(fixture, ada.viewer.user, "k").await;
    let rename = |name: &str| EditOrganization {
        name: Some(OrganizationName::parse(name).unwrap()),
        require_mfa: None,
        expected_version: None,
    };
    fixture.app.execute(&with_key.actor, rename("Once")).await.unwrap();
    let again = fixture.app.execute(&with_key.actor, rename("Twice")).await;
    assert_eq!(again.unwrap_err(), AppError::Stale);
    let organization = fixture.queries.organizations.find(ada.viewer).await.unwrap().unwrap();
    assert_eq!(organization.name, "Once");
    let mut unit = fixture.unit(&ada).await;
    let unclaimed = unit.idempotency().mark_committed(ada.viewer.user, "unclaimed").await;
    assert_eq!(unclaimed, Err(StoreError::Stale));
}

async fn what_was_committed_is_answered_whoever_took_the_claim_over(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let user = ada.viewer.user;
    let (first, second) = claim_twice(fixture, user, "k").await;
    // The first lives after all. What it does stands in the way of the second.
    let mut unit = fixture.unit(&ada).await;
    unit.idempotency().mark_committed(user, "k").await.unwrap();
    unit.commit().await.unwrap();
    let (created, conflict) = (answer(201), answer(409));
    assert!(!fixture.keys.keep_answer(user, "k", second, &conflict).await.unwrap(), "no answer to what was committed");
    assert_eq!(claim(fixture, user, "k").await, Claim::Running);
    assert!(fixture.keys.keep_answer(user, "k", first, &created).await.unwrap());
    assert!(!fixture.keys.keep_answer(user, "k", second, &conflict).await.unwrap(), "answered already");
    fixture.keys.release(user, "k", second).await.unwrap();
    assert_eq!(claim(fixture, user, "k").await, Claim::Answered(created));
}

async fn a_claim_that_was_taken_over_is_not_given_back(fixture: &Fixture) {
    let user = fixture.id();
    let (first, second) = claim_twice(fixture, user, "k").await;
    fixture.keys.release(user, "k", first).await.unwrap();
    assert_eq!(claim(fixture, user, "k").await, Claim::Running, "the second runs under it");
    let missing = answer(404);
    assert!(!fixture.keys.keep_answer(user, "k", first, &missing).await.unwrap());
    assert_eq!(claim(fixture, user, "k").await, Claim::Running);
    assert!(fixture.keys.keep_answer(user, "k", second, &missing).await.unwrap());
    assert!(!fixture.keys.keep_answer(user, "k", first, &answer(201)).await.unwrap(), "it committed nothing");
    assert_eq!(claim(fixture, user, "k").await, Claim::Answered(missing));
}

async fn old_keys_are_purged(fixture: &Fixture) {
    let user = fixture.id();
    for number in 0..3 {
        claim(fixture, user, &format!("old {number}")).await;
    }
    fixture.clock.advance(Duration::from_secs(1));
    claim(fixture, user, "new").await;
    assert_eq!(fixture.keys.purge(fixture.now()).await.unwrap(), 3);
    claim_anew(fixture, user, "old 0").await;
    assert_eq!(claim(fixture, user, "new").await, Claim::Running);
}
