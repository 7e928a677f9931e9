use tenon_domain::access::{OrganizationRole, Permission};
use tenon_domain::tasks::TaskTitle;

use super::*;
use crate::actor::Actor;
use crate::error::AppError;
use crate::events::{EventRecord, KeepFailedJob, subscriber};
use crate::in_memory::{Person, Scene, at};
use crate::organizations::SuspendMember;
use crate::page::{Page, PageRequest};
use crate::tasks::{EditTask, TaskFields, TaskRef};

/// A scene in which a task was renamed, and the event of it.
async fn renamed() -> (Scene, EventRecord) {
    let scene = Scene::new();
    let task = scene.add_task(1, scene.open_project(1, "ENG"), &[]);
    let fields = TaskFields { title: TaskTitle::parse("Other").ok(), ..TaskFields::default() };
    scene.run(Person::Peer, EditTask { task: TaskRef::Id(task), fields, expected_version: None }).await.unwrap();
    let event = scene.store.data().events[0].clone();
    (scene, event)
}

async fn append(scene: &Scene, event: &EventRecord) {
    let actor = Actor::system(event.organization(), event.origin());
    scene.app.execute(&actor, AppendAuditEntries { events: vec![event.clone()] }).await.unwrap();
}

#[tokio::test]
async fn an_event_becomes_one_entry_however_often_it_is_handled() {
    let (scene, event) = renamed().await;
    append(&scene, &event).await;
    append(&scene, &event).await;
    let data = scene.store.data();
    let [entry] = &data.audit[..] else { panic!("{:?}", data.audit) };
    assert_eq!((entry.id.uuid(), entry.action.as_str(), entry.occurred_at), (event.id, "task.updated", at(10)));
    assert_eq!((entry.actor.id, entry.actor_name.as_deref()), (Some(Person::Peer.id().uuid()), Some("Peer")));
    assert_eq!((entry.resource.name.as_str(), &entry.changes), ("ENG-1 Other", &event.changes));
    assert_eq!(data.receipts, [(event.id, subscriber::AUDIT.to_owned())]);
}

#[tokio::test]
async fn a_bundle_becomes_an_entry_per_event_and_leaves_out_what_was_handled() {
    let (scene, event) = renamed().await;
    append(&scene, &event).await;
    let other = EventRecord { id: uuid::Uuid::from_u128(77), ..event.clone() };
    let bundle = AppendAuditEntries { events: vec![event.clone(), other.clone()] };
    let actor = Actor::system(event.organization(), event.origin());
    for _ in 0..2 {
        scene.app.execute(&actor, bundle.clone()).await.unwrap();
        let data = scene.store.data();
        assert_eq!(data.audit.iter().map(|entry| entry.id.uuid()).collect::<Vec<_>>(), [event.id, other.id]);
        assert!(data.audit.iter().all(|entry| entry.actor_name.as_deref() == Some("Peer")));
        assert_eq!(data.receipts.len(), 2);
    }
}

#[tokio::test]
async fn a_membership_that_the_command_line_changed_is_looked_up_again() {
    let scene = Scene::new();
    scene.run(Person::Admin, SuspendMember { user: Person::Peer.id(), expected_version: None }).await.unwrap();
    let event = scene.store.data().events[0].clone();
    let (sessions, peer) = (&scene.app.sessions, Person::Peer.id());
    sessions.role_changed(Scene::ACME, peer, Some(OrganizationRole::Member.into())).await;
    append(&scene, &event).await;
    assert_eq!(sessions.role(Scene::ACME, peer).await, Ok(None));
}

#[tokio::test]
async fn the_trail_is_for_owners_and_admins_and_reading_it_in_vain_is_on_it() {
    let mut scene = Scene::new();
    let list = || ListAuditEntries {
        filter: AuditFilter::default(),
        page: PageRequest { limit: 5, after: None, sort: Vec::new(), include_total: false },
    };
    let refused = scene.app.ask(&Person::Member.actor(), list()).await;
    assert_eq!(refused, Err(AppError::Forbidden(Permission::ViewAuditLog)));
    assert_eq!(scene.told(), ["permission.denied"]);
    assert_eq!(scene.store.data().events[0].subject.name, "audit.list");

    let mut queries = MockAuditQueries::new();
    let admin = Person::Admin.viewer();
    queries
        .expect_list()
        .withf(move |viewer, _, _| *viewer == admin)
        .times(1)
        .returning(|_, _, _| Ok(Page { items: Vec::new(), next: None, total: None }));
    scene.app.queries.audit = std::sync::Arc::new(queries);
    assert!(scene.app.ask(&Person::Admin.actor(), list()).await.is_ok());
}

#[tokio::test]
async fn a_job_that_was_given_up_is_kept_unless_another_delivery_succeeded() {
    let (scene, event) = renamed().await;
    let give_up = |subscriber: &str| KeepFailedJob {
        subscriber: subscriber.to_owned(),
        event: event.clone(),
        error: "the disk is full".to_owned(),
    };
    let system = Actor::system(event.organization(), event.origin());
    append(&scene, &event).await;
    scene.app.execute(&system, give_up(subscriber::AUDIT)).await.unwrap();
    assert_eq!(scene.store.data().failed_jobs, []);

    scene.app.execute(&system, give_up(subscriber::NOTIFICATIONS)).await.unwrap();
    let failed = scene.store.data().failed_jobs.clone();
    assert_eq!((failed.len(), failed[0].failed_at, failed[0].error.as_str()), (1, at(10), "the disk is full"));
    assert_eq!(scene.store.data().receipts.len(), 2, "it is not handed out again");
}
