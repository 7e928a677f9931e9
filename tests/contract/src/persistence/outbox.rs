use std::sync::atomic::Ordering;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend};
use tenon_application::events::{Backlog, ClaimedEvent, FailedJob, Outbox, subscriber};
use tenon_application::{Scope, StoreError};
use tenon_domain::identity::{IdentityFact, SignInFailure};
use tenon_domain::{DomainEvent, EventId, Fact, ResourceKind, Subject};
use uuid::Uuid;

use super::fixture::{Fixture, Person};
use super::on_every_database;

on_every_database! {
    events_are_stored_with_their_change_or_not_at_all,
    an_event_is_claimed_until_its_lease_ends,
    an_event_whose_lease_has_ended_does_not_wait_behind_all_new_ones,
    an_event_is_due_at_once_for_a_relay_whose_clock_is_behind,
    an_event_that_cannot_be_read_holds_up_no_other,
    receipts_complete_an_event,
    receipts_of_many_events_are_noted_together,
    concurrent_relays_share_the_events,
    postponed_events_come_again_when_due,
    failed_jobs_are_kept_and_run_again,
    completed_events_are_purged,
}

const LEASE: Duration = Duration::from_secs(30);
/// How far behind the clock of a relay may be.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(3600);

/// Claims everything that is due, for a lease.
pub(super) async fn claim_all(fixture: &Fixture) -> Vec<ClaimedEvent> {
    fixture.outbox.claim(fixture.now(), fixture.now() + LEASE, 1000).await.unwrap()
}

async fn claim_ids(fixture: &Fixture) -> Vec<Uuid> {
    claim_all(fixture).await.into_iter().map(|event| event.record.id).collect()
}

async fn store(fixture: &Fixture, person: &Person, count: usize) {
    let event = DomainEvent {
        subject: Subject { kind: ResourceKind::User, id: person.viewer.user.uuid(), name: "ada".into() },
        project: None,
        fact: Fact::Identity(IdentityFact::SignInFailed { reason: SignInFailure::WrongPassword }),
        changes: Vec::new(),
    };
    let mut unit = fixture.unit(person).await;
    unit.events().record(vec![event; count]).await.unwrap();
    unit.commit().await.unwrap();
}

/// Stores `count` events; everything before them in the outbox is claimed.
async fn record(fixture: &Fixture, person: &Person, count: usize) -> Vec<Uuid> {
    claim_all(fixture).await;
    store(fixture, person, count).await;
    let mut stored = claim_ids(fixture).await;
    assert_eq!(stored.len(), count);
    let ids: Vec<EventId> = stored.iter().copied().map(EventId::new).collect();
    fixture.outbox.postpone(&ids, fixture.now()).await.unwrap();
    stored.sort_unstable();
    stored
}

async fn note(fixture: &Fixture, person: &Person, event: Uuid, subscriber: &str) -> bool {
    let mut unit = fixture.unit(person).await;
    let first = unit.receipts().note(event.into(), subscriber).await.unwrap();
    unit.commit().await.unwrap();
    first
}

async fn events_are_stored_with_their_change_or_not_at_all(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    assert_eq!(fixture.woken.0.load(Ordering::SeqCst), 1, "the commit wakes the relay");
    let events = claim_all(fixture).await;
    let names: Vec<_> = events.iter().map(|event| event.record.name.as_str()).collect();
    let expected = ["organization.created", "user.registered", "organization.member_joined", "auth.signed_in"];
    assert_eq!(names, expected, "in the order they happened");
    for event in &events {
        assert_eq!(event.record.organization(), Some(ada.viewer.organization));
        assert_eq!(event.record.actor_user(), Some(ada.viewer.user));
        assert_eq!(event.record.occurred_at, fixture.now());
        assert_eq!(event.delivery, 1);
        assert_eq!(event.subscribers, [subscriber::NOTIFICATIONS, subscriber::AUDIT]);
    }
    let mut unit = fixture.deployment().await;
    unit.users().save(fixture.user("bob")).await.unwrap();
    drop(unit);
    assert!(claim_all(fixture).await.is_empty(), "a rolled back change leaves no event");
}

async fn an_event_is_claimed_until_its_lease_ends(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let events = record(fixture, &ada, 3).await;
    let first = fixture.outbox.claim(fixture.now(), fixture.now() + LEASE, 2).await.unwrap();
    assert_eq!(first.iter().map(|event| event.record.id).collect::<Vec<_>>(), events[..2], "oldest first");
    assert_eq!(claim_ids(fixture).await, events[2..], "claimed events are not handed out again");
    assert!(claim_all(fixture).await.is_empty());
    fixture.clock.advance(LEASE - Duration::from_millis(1));
    assert!(claim_all(fixture).await.is_empty());
    fixture.clock.advance(Duration::from_millis(1));
    let again = claim_all(fixture).await;
    let again: Vec<_> = again.iter().filter(|event| events.contains(&event.record.id)).collect();
    assert_eq!(again.len(), 3, "whose lease has ended is handed out again");
    assert!(again.iter().all(|event| event.delivery > 1));
}

async fn an_event_whose_lease_has_ended_does_not_wait_behind_all_new_ones(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let old = claim_ids(fixture).await;
    // During a backlog, the relay always finds more new events than it claims at once.
    fixture.clock.advance(LEASE + CLOCK_TOLERANCE + Duration::from_millis(1));
    store(fixture, &ada, 2 * old.len()).await;
    let now = fixture.now();
    let claimed = fixture.outbox.claim(now, now + LEASE, old.len() as u64).await.unwrap();
    let mut claimed: Vec<_> = claimed.iter().map(|event| event.record.id).collect();
    claimed.sort_unstable();
    assert_eq!(claimed, old);
}

async fn an_event_is_due_at_once_for_a_relay_whose_clock_is_behind(fixture: &Fixture) {
    fixture.found("ada").await;
    let late = fixture.now() - CLOCK_TOLERANCE;
    let before = late - Duration::from_millis(1);
    assert_eq!(fixture.outbox.claim(before, before + LEASE, 100).await.unwrap().len(), 0);
    assert_eq!(fixture.outbox.claim(late, late + LEASE, 100).await.unwrap().len(), 4);
}

async fn an_event_that_cannot_be_read_holds_up_no_other(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let events = record(fixture, &ada, 3).await;
    // A name is part of the payload of every event: one without it cannot be read. The name of the row stays.
    let spell = async |from: &str, to: &str| {
        let id = match fixture.database.backend() {
            DbBackend::Postgres => format!("'{}'", events[0]),
            _ => format!("x'{}'", events[0].simple()),
        };
        let update = format!("UPDATE outbox SET payload = REPLACE(payload, '\"{from}\"', '\"{to}\"') WHERE id = {id}");
        fixture.operator.execute_unprepared(&update).await.unwrap().rows_affected()
    };
    assert_eq!(spell("name", "title").await, 1);
    assert_eq!(claim_ids(fixture).await, events[1..], "the others are handed out");
    fixture.clock.advance(Duration::from_secs(3599));
    assert!(!claim_ids(fixture).await.contains(&events[0]));
    assert_eq!(fixture.outbox.backlog(fixture.now()).await.unwrap().pending, 7, "it is not forgotten");

    assert_eq!(spell("title", "name").await, 1);
    fixture.clock.advance(Duration::from_secs(1));
    assert!(claim_ids(fixture).await.contains(&events[0]), "a version that can read it does, later");
}

async fn unhandled(fixture: &Fixture, events: &[Uuid]) -> Vec<Uuid> {
    let ids: Vec<EventId> = events.iter().copied().map(EventId::new).collect();
    let unhandled = fixture.outbox.unhandled(&ids, subscriber::AUDIT).await.unwrap();
    unhandled.into_iter().map(EventId::uuid).collect()
}

async fn receipts_complete_an_event(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let event = record(fixture, &ada, 1).await[0];
    claim_all(fixture).await;
    assert_eq!(unhandled(fixture, &[event]).await, [event]);
    let mut unit = fixture.unit(&ada).await;
    assert!(unit.receipts().note(event.into(), subscriber::AUDIT).await.unwrap());
    drop(unit);
    assert!(note(fixture, &ada, event, subscriber::AUDIT).await, "the first receipt was rolled back");
    assert!(!note(fixture, &ada, event, subscriber::AUDIT).await);
    assert!(unhandled(fixture, &[event]).await.is_empty());

    fixture.clock.advance(LEASE);
    let again = claim_all(fixture).await;
    let again = again.iter().find(|claimed| claimed.record.id == event).expect("one subscriber is missing");
    assert_eq!(again.subscribers, [subscriber::NOTIFICATIONS]);
    assert!(note(fixture, &ada, event, subscriber::NOTIFICATIONS).await);
    fixture.clock.advance(LEASE);
    assert!(!claim_ids(fixture).await.contains(&event), "completed");

    // Receipts of the same event at the same time: each subscriber handles it once, and it completes.
    for _ in 0..5 {
        let event = record(fixture, &ada, 1).await[0];
        let mut notes = tokio::task::JoinSet::new();
        for subscriber in [subscriber::AUDIT, subscriber::NOTIFICATIONS, subscriber::AUDIT, subscriber::NOTIFICATIONS] {
            let (transactions, ada, now) = (fixture.transactions.clone(), ada.clone(), fixture.now());
            notes.spawn(async move {
                let attempt = async || {
                    let scope = Scope::Organization(ada.viewer.organization);
                    let mut unit = transactions.begin(scope, &ada.actor, now).await?;
                    let first = unit.receipts().note(event.into(), subscriber).await?;
                    unit.commit().await?;
                    Ok(first)
                };
                // As the command pipeline does when transactions got in each other's way.
                loop {
                    match attempt().await {
                        Err(StoreError::Stale) => tokio::time::sleep(Duration::from_millis(3)).await,
                        outcome => return outcome.unwrap(),
                    }
                }
            });
        }
        let outcomes = notes.join_all().await;
        assert_eq!(outcomes.iter().filter(|first| **first).count(), 2, "{outcomes:?}");
        fixture.clock.advance(LEASE);
        assert!(!claim_ids(fixture).await.contains(&event));
    }
}

async fn note_all(
    fixture: &Fixture,
    person: &Person,
    events: &[Uuid],
    subscriber: &str,
) -> Result<Vec<Uuid>, StoreError> {
    let events: Vec<EventId> = events.iter().copied().map(EventId::new).collect();
    let scope = Scope::Organization(person.viewer.organization);
    let mut unit = fixture.transactions.begin(scope, &person.actor, fixture.now()).await?;
    let new = unit.receipts().note_all(&events, subscriber).await?;
    unit.commit().await?;
    Ok(new.into_iter().map(|event| event.uuid()).collect())
}

async fn receipts_of_many_events_are_noted_together(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let events = record(fixture, &ada, 5).await;
    claim_all(fixture).await;
    // Some were handled before, one of them by a single job; one is not there any more.
    assert!(note(fixture, &ada, events[1], subscriber::AUDIT).await);
    let gone = fixture.id::<EventId>().uuid();
    let asked = [events[2], events[1], gone, events[0]];
    assert_eq!(note_all(fixture, &ada, &asked, subscriber::AUDIT).await.unwrap(), [events[2], events[0]]);
    assert_eq!(note_all(fixture, &ada, &asked, subscriber::AUDIT).await.unwrap(), Vec::<Uuid>::new());
    assert_eq!(note_all(fixture, &ada, &events, subscriber::AUDIT).await.unwrap(), events[3..]);
    assert_eq!(note_all(fixture, &ada, &[gone], subscriber::AUDIT).await.unwrap_err(), StoreError::Stale);

    // One rolled back counts for nothing.
    let ids: Vec<EventId> = events.iter().copied().map(EventId::new).collect();
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.receipts().note_all(&ids, subscriber::NOTIFICATIONS).await.unwrap().len(), 5);
    drop(unit);
    assert_eq!(note_all(fixture, &ada, &events, subscriber::NOTIFICATIONS).await.unwrap(), events);
    fixture.clock.advance(LEASE);
    let due = claim_ids(fixture).await;
    assert!(events.iter().all(|event| !due.contains(event)), "all are complete");

    // The same bundle delivered several times at once, with the events in any order.
    let events = record(fixture, &ada, 20).await;
    let handle = async |subscriber, backwards: bool| {
        let mut events = events.clone();
        if backwards {
            events.reverse();
        }
        loop {
            match note_all(fixture, &ada, &events, subscriber).await {
                Err(StoreError::Stale) => tokio::time::sleep(Duration::from_millis(3)).await,
                new => return new.unwrap().len(),
            }
        }
    };
    let counts = tokio::join!(
        handle(subscriber::AUDIT, false),
        handle(subscriber::NOTIFICATIONS, true),
        handle(subscriber::AUDIT, true),
        handle(subscriber::NOTIFICATIONS, false),
    );
    assert_eq!(counts.0 + counts.2, 20, "{counts:?}");
    assert_eq!(counts.1 + counts.3, 20, "{counts:?}");
    fixture.clock.advance(LEASE);
    let due = claim_ids(fixture).await;
    assert!(events.iter().all(|event| !due.contains(event)), "all are complete");
}

async fn concurrent_relays_share_the_events(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let events = record(fixture, &ada, 60).await;
    let mut relays = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (outbox, now) = (fixture.outbox.clone(), fixture.now());
        relays.spawn(async move {
            let mut mine = Vec::new();
            let mut idle = 0;
            while idle < 5 {
                let claimed = match outbox.claim(now, now + LEASE, 7).await {
                    Err(StoreError::Stale) => continue,
                    claimed => claimed.unwrap(),
                };
                if claimed.is_empty() {
                    idle += 1;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                mine.extend(claimed.into_iter().map(|event| event.record.id));
            }
            mine
        });
    }
    let mut claimed: Vec<Uuid> = relays.join_all().await.into_iter().flatten().collect();
    claimed.sort_unstable();
    assert_eq!(claimed, events, "each event is claimed by one relay");
}

async fn postponed_events_come_again_when_due(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let event = record(fixture, &ada, 1).await[0];
    assert_eq!(claim_ids(fixture).await, [event]);
    let at = fixture.now() + Duration::from_secs(2);
    fixture.outbox.postpone(&[event.into()], at).await.unwrap();
    assert!(claim_all(fixture).await.is_empty());
    fixture.clock.advance(Duration::from_secs(2));
    assert_eq!(claim_ids(fixture).await, [event]);
    note(fixture, &ada, event, subscriber::AUDIT).await;
    note(fixture, &ada, event, subscriber::NOTIFICATIONS).await;
    fixture.outbox.postpone(&[event.into()], fixture.now()).await.unwrap();
    assert!(!claim_ids(fixture).await.contains(&event), "a completed event stays completed");
}

async fn fail(fixture: &Fixture, person: &Person, event: &ClaimedEvent, subscriber: &str) {
    let failed = FailedJob {
        subscriber: subscriber.to_owned(),
        event: event.record.clone(),
        error: "the template is broken: {{".into(),
        failed_at: fixture.now(),
    };
    let mut unit = fixture.unit(person).await;
    assert!(unit.receipts().note(event.record.id.into(), subscriber).await.unwrap());
    unit.receipts().note_failure(&failed).await.unwrap();
    unit.commit().await.unwrap();
    assert!(fixture.outbox.failed_jobs(100).await.unwrap().contains(&failed));
}

async fn failed_jobs_are_kept_and_run_again(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let (kept, purged) = {
        let events = record(fixture, &ada, 2).await;
        (events[0], events[1])
    };
    let claimed = claim_all(fixture).await;
    for event in &claimed {
        fail(fixture, &ada, event, subscriber::AUDIT).await;
        note(fixture, &ada, event.record.id, subscriber::NOTIFICATIONS).await;
        fixture.clock.advance(Duration::from_millis(1));
    }
    let failed = fixture.outbox.failed_jobs(1).await.unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].event.id, purged, "the last failure first");
    fixture.clock.advance(LEASE);
    assert!(!claim_ids(fixture).await.iter().any(|id| [kept, purged].contains(id)), "given up");

    assert_eq!(fixture.outbox.retry_failed_jobs(fixture.now()).await.unwrap(), 2);
    assert!(fixture.outbox.failed_jobs(10).await.unwrap().is_empty());
    let again = claim_all(fixture).await;
    assert_eq!(again.len(), 2);
    assert!(again.iter().all(|event| event.subscribers == [subscriber::AUDIT] && event.delivery > 1), "{again:?}");

    // One whose event was forgotten meanwhile is run again all the same.
    for event in &again {
        fail(fixture, &ada, event, subscriber::AUDIT).await;
    }
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(fixture.outbox.purge(fixture.now()).await.unwrap(), 2);
    assert_eq!(fixture.outbox.retry_failed_jobs(fixture.now()).await.unwrap(), 2);
    let mut again = claim_all(fixture).await;
    again.sort_by_key(|event| event.record.id);
    assert_eq!(again.iter().map(|event| event.record.id).collect::<Vec<_>>(), [kept, purged]);
    assert!(again.iter().all(|event| event.subscribers == [subscriber::AUDIT]));
    assert!(note(fixture, &ada, kept, subscriber::AUDIT).await);
    fixture.clock.advance(LEASE);
    assert!(!claim_ids(fixture).await.contains(&kept));
}

async fn completed_events_are_purged(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    assert_eq!(fixture.outbox.backlog(fixture.now()).await.unwrap(), Backlog { pending: 4, lag: Duration::ZERO });
    let events: Vec<Uuid> = claim_ids(fixture).await;
    fixture.clock.advance(Duration::from_secs(5));
    let backlog = fixture.outbox.backlog(fixture.now()).await.unwrap();
    assert_eq!(backlog, Backlog { pending: 4, lag: Duration::from_secs(5) }, "claimed is not handled");
    for event in &events[..3] {
        note(fixture, &ada, *event, subscriber::AUDIT).await;
        note(fixture, &ada, *event, subscriber::NOTIFICATIONS).await;
    }
    note(fixture, &ada, events[3], subscriber::AUDIT).await;
    assert_eq!(fixture.outbox.backlog(fixture.now()).await.unwrap().pending, 1);
    assert_eq!(fixture.outbox.purge(fixture.now() - Duration::from_secs(5)).await.unwrap(), 0, "not old enough");
    assert_eq!(fixture.outbox.purge(fixture.now()).await.unwrap(), 3);
    assert_eq!(unhandled(fixture, &[events[0], events[3]]).await, [events[0]], "receipts go too");
    note(fixture, &ada, events[3], subscriber::NOTIFICATIONS).await;
    assert_eq!(fixture.outbox.backlog(fixture.now()).await.unwrap(), Backlog::default());
}
