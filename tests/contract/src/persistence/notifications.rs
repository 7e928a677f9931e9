use std::time::Duration;

use tenon_application::notifications::NotificationView;
use tenon_domain::access::OrganizationRole;
use tenon_domain::notifications::NotificationKind;
use uuid::Uuid;

use super::fixture::{Fixture, Person};
use super::lists::{request, walk};
use super::on_every_database;

on_every_database! {
    a_notification_comes_back_as_inserted_once_per_event,
    reading_is_noted_once,
    an_inbox_is_listed_newest_first,
}

pub(super) fn notification(fixture: &Fixture, actor: &Person) -> NotificationView {
    NotificationView {
        id: fixture.id(),
        kind: NotificationKind::TaskAssigned,
        title: "ada assigned you ENG-1 Fix the dœr 🚪".into(),
        body: "x".repeat(70_000),
        actor_id: Some(actor.viewer.user),
        actor_name: Some("ada".into()),
        project_id: Some(fixture.id()),
        resource_kind: "task".into(),
        resource_id: fixture.id(),
        resource_name: "ENG-1 Fix the dœr 🚪".into(),
        read_at: None,
        created_at: fixture.now(),
    }
}

async fn insert(fixture: &Fixture, person: &Person, event: Uuid) -> NotificationView {
    let view = notification(fixture, person);
    let mut unit = fixture.unit(person).await;
    unit.notifications().insert(vec![(person.viewer.user, view.clone(), event)]).await.unwrap();
    unit.commit().await.unwrap();
    view
}

async fn a_notification_comes_back_as_inserted_once_per_event(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let event = fixture.id();
    let first = insert(fixture, &ada, event).await;
    let (again, of_bob) = (notification(fixture, &ada), notification(fixture, &ada));
    let both = vec![(ada.viewer.user, again.clone(), event), (bob.viewer.user, of_bob.clone(), event)];
    let mut unit = fixture.unit(&ada).await;
    unit.notifications().insert(both).await.unwrap();
    unit.commit().await.unwrap();

    let queries = &fixture.queries.notifications;
    assert_eq!(queries.find(ada.viewer, first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(queries.find(ada.viewer, again.id).await.unwrap(), None);
    assert_eq!(queries.find(bob.viewer, of_bob.id).await.unwrap(), Some(of_bob));
    assert_eq!(queries.find(bob.viewer, first.id).await.unwrap(), None, "it is ada's");
}

async fn reading_is_noted_once(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let mut inserted = Vec::new();
    for _ in 0..3 {
        inserted.push(insert(fixture, &ada, fixture.id()).await);
    }
    let queries = &fixture.queries.notifications;
    assert_eq!(queries.count_unread(ada.viewer).await.unwrap(), 3);
    let first_read = fixture.now();
    for _ in 0..2 {
        let mut unit = fixture.unit(&ada).await;
        let read = unit.notifications().mark_read(ada.viewer.user, inserted[0].id, fixture.now()).await.unwrap();
        assert!(read, "reading it again is no error");
        unit.commit().await.unwrap();
        fixture.clock.advance(Duration::from_secs(1));
    }
    let read = queries.find(ada.viewer, inserted[0].id).await.unwrap().unwrap();
    assert_eq!(read.read_at, Some(first_read));
    let mut unit = fixture.unit(&ada).await;
    assert!(!unit.notifications().mark_read(ada.viewer.user, fixture.id(), fixture.now()).await.unwrap());
    assert_eq!(unit.notifications().mark_all_read(ada.viewer.user, fixture.now()).await.unwrap(), 2);
    assert_eq!(unit.notifications().mark_all_read(ada.viewer.user, fixture.now()).await.unwrap(), 0);
    unit.commit().await.unwrap();
    assert_eq!(queries.count_unread(ada.viewer).await.unwrap(), 0);
    let read = queries.find(ada.viewer, inserted[0].id).await.unwrap().unwrap();
    assert_eq!(read.read_at, Some(first_read));
}

async fn an_inbox_is_listed_newest_first(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.insert(0, insert(fixture, &ada, fixture.id()).await);
        insert(fixture, &bob, fixture.id()).await;
    }
    let queries = &fixture.queries.notifications;
    // What arrives between two pages is newer than both, and shows on neither.
    let ada = &ada;
    let listed = walk(request(3, vec![]), |request| async move {
        let page = queries.list(ada.viewer, None, &request).await;
        insert(fixture, ada, fixture.id()).await;
        page
    })
    .await;
    assert_eq!(listed, expected);

    let mut unit = fixture.unit(ada).await;
    unit.notifications().mark_read(ada.viewer.user, expected[0].id, fixture.now()).await.unwrap();
    unit.commit().await.unwrap();
    let mut counted = request(1, vec![]);
    counted.include_total = true;
    let total = async |unread| queries.list(ada.viewer, unread, &counted).await.unwrap().total;
    assert_eq!((total(None).await, total(Some(true)).await, total(Some(false)).await), (Some(10), Some(9), Some(1)));
}
