mod away;
mod delivering;
mod saying;

use tenon_domain::access::{OrganizationRole, ProjectRole};
use tenon_domain::identity::Email;
use tenon_domain::notifications::NotificationKind;
use tenon_domain::organizations::OrganizationFact;
use tenon_domain::projects::{ProjectFact, Workflow};
use tenon_domain::tasks::TaskFact;
use tenon_domain::{DomainEvent, Fact, ResourceKind, Subject, TeamId, UserId};
use uuid::Uuid;

use super::wording::wording;
use super::*;
use crate::actor::{Actor, Origin};
use crate::error::AppError;
use crate::events::{ActorRecord, Channel, Delivery, EventData, EventRecord};
use crate::in_memory::{Person, Scene, at};

/// An event on the wire, caused by this person.
fn event(fact: Fact, by: Person) -> EventRecord {
    let subject = Subject { kind: ResourceKind::Task, id: Uuid::from_u128(4), name: "ENG-12 Fix the door".to_owned() };
    let event = DomainEvent { subject, project: None, fact, changes: Vec::new() };
    let origin = Origin { request_id: Some("req-1".to_owned()), ..Origin::default() };
    EventRecord::new(Uuid::from_u128(7), &event, Some(Scene::ACME), ActorRecord::from(&by.actor()), &origin, at(3))
}

fn created(assignees: &[Person]) -> Fact {
    let assignees = assignees.iter().map(|it| it.id()).collect();
    Fact::Task(TaskFact::Created { assignees, reporter: Person::Member.id() })
}

async fn notify(scene: &Scene, event: &EventRecord) {
    let actor = Actor::system(event.organization(), event.origin());
    scene.app.execute(&actor, Notify { events: vec![event.clone()] }).await.unwrap();
}

fn told(scene: &Scene) -> Vec<(UserId, String)> {
    scene.store.data().notifications.iter().map(|(user, view, _)| (*user, view.title.clone())).collect()
}

fn deliveries(scene: &Scene) -> Vec<Delivery> {
    let data = scene.store.data();
    let each = data.events.iter().map(|event| match &event.data {
        EventData::Delivery(delivery) => delivery.clone(),
        other => panic!("{other:?} is no delivery"),
    });
    each.collect()
}

#[tokio::test]
async fn everybody_concerned_gets_a_notification_and_an_email_but_never_the_actor() {
    let scene = Scene::new();
    let event = event(created(&[Person::Member, Person::Peer]), Person::Member);
    notify(&scene, &event).await;

    assert_eq!(told(&scene), [(Person::Peer.id(), "Member assigned you ENG-12 Fix the door".to_owned())]);
    let (_, view, of) = scene.store.data().notifications[0].clone();
    assert_eq!((of, view.kind, view.read_at), (event.id, NotificationKind::TaskAssigned, None));
    assert_eq!((view.actor_id, view.actor_name.as_deref()), (Some(Person::Member.id()), Some("Member")));
    assert_eq!((view.resource_kind.as_str(), view.resource_id, view.created_at), ("task", event.subject.id, at(10)));

    let [email] = &deliveries(&scene)[..] else { panic!("one email") };
    assert_eq!((email.channel, email.user, &email.address), (Channel::Email, Some(Person::Peer.id().uuid()), &None));
    assert_eq!((email.kind.as_str(), email.organization_name.as_str()), ("task.assigned", "Acme"));
    assert_eq!((email.caused_by, email.invitation), (event.id, None));
    let carried = scene.store.data().events[0].origin.request_id.clone();
    assert_eq!(carried.as_deref(), Some("req-1"), "the trace goes on");
    assert_eq!(scene.bell.rings(), 1);
}

#[tokio::test]
async fn a_service_account_gets_no_email() {
    let scene = Scene::new();
    for user in scene.store.data().users.iter_mut().filter(|it| it.id == Person::Peer.id()) {
        user.email = Email::of_service(user.id);
    }
    notify(&scene, &event(created(&[Person::Peer]), Person::Member)).await;
    assert_eq!(told(&scene).len(), 1);
    assert_eq!(deliveries(&scene), []);
}

#[tokio::test]
async fn a_second_run_for_the_same_event_changes_nothing() {
    let scene = Scene::new();
    let event = event(created(&[Person::Peer]), Person::Member);
    notify(&scene, &event).await;
    let before = scene.store.data().clone();
    notify(&scene, &event).await;
    assert_eq!(*scene.store.data(), before);
    assert_eq!(scene.bell.rings(), 1);
}

#[tokio::test]
async fn a_bundle_does_what_its_events_would_do_alone_and_each_once() {
    let scene = Scene::new();
    let handled = event(created(&[Person::Peer]), Person::Member);
    notify(&scene, &handled).await;
    let project = scene.private_project(1, "SEC", &[(Person::Peer, ProjectRole::Viewer)]);
    let other = |id: u128, fact, request: &str| {
        let mut other = EventRecord { id: Uuid::from_u128(id), ..event(fact, Person::Owner) };
        other.origin.request_id = Some(request.to_owned());
        other
    };
    let secret = created(&[Person::Peer, Person::Guest]);
    let bundle = vec![
        handled,
        other(20, created(&[Person::Peer, Person::Stranger]), "req-20"),
        EventRecord { name: "task.exploded".to_owned(), ..other(21, Fact::Project(ProjectFact::Created), "req-21") },
        EventRecord { project_id: Some(project.uuid()), ..other(22, secret, "req-22") },
    ];
    let actor = Actor::system(bundle[0].organization(), bundle[0].origin());
    for _ in 0..2 {
        scene.app.execute(&actor, Notify { events: bundle.clone() }).await.unwrap();
        let data = scene.store.data().clone();
        let told: Vec<_> = data.notifications.iter().map(|(user, _, of)| (*user, of.as_u128())).collect();
        assert_eq!(told, [7, 20, 22].map(|of| (Person::Peer.id(), of)));
        let origins: Vec<_> = data.events.iter().map(|event| event.origin.request_id.as_deref()).collect();
        assert_eq!(origins, [Some("req-1"), Some("req-20"), Some("req-22")], "each email goes on with its own trace");
        assert_eq!(data.receipts.len(), 4);
    }
}

#[tokio::test]
async fn an_invitation_is_an_email_to_an_address_and_nobodys_notification() {
    let scene = Scene::new();
    let email = Email::parse("new@example.com").unwrap();
    let fact = Fact::Organization(OrganizationFact::Invited { email, role: OrganizationRole::Guest });
    notify(&scene, &event(fact, Person::Owner)).await;
    assert_eq!(told(&scene), []);
    let [sent] = &deliveries(&scene)[..] else { panic!("one email") };
    assert_eq!((sent.user, sent.address.as_deref()), (None, Some("new@example.com")));
    assert_eq!(sent.invitation, Some(Uuid::from_u128(4)), "its link is made when the email is");
    assert_eq!(sent.title, "Owner invited you to Acme");
}

#[tokio::test]
async fn who_is_gone_and_what_concerns_nobody_makes_no_message_but_a_receipt() {
    let scene = Scene::new();
    scene.store.data().users.retain(|it| it.id != Person::Peer.id());
    notify(&scene, &event(created(&[Person::Peer]), Person::Member)).await;
    let quiet = EventRecord { id: Uuid::from_u128(8), ..event(Fact::Project(ProjectFact::Created), Person::Member) };
    notify(&scene, &quiet).await;
    let foreign = EventRecord { id: Uuid::from_u128(9), name: "task.exploded".to_owned(), ..quiet };
    notify(&scene, &foreign).await;
    assert_eq!((told(&scene), deliveries(&scene)), (Vec::new(), Vec::new()));
    assert_eq!(scene.store.data().receipts.len(), 3);
}

#[tokio::test]
async fn who_cannot_see_the_project_any_more_hears_nothing_of_its_tasks() {
    let scene = Scene::new();
    let project = scene.private_project(1, "SEC", &[(Person::Peer, ProjectRole::Viewer)]);
    let everybody = [Person::Owner, Person::Peer, Person::Guest, Person::Stranger];
    let event = EventRecord { project_id: Some(project.uuid()), ..event(created(&everybody), Person::Member) };
    notify(&scene, &event).await;
    assert_eq!(told(&scene).into_iter().map(|(user, _)| user).collect::<Vec<_>>(), [Person::Peer.id()]);
    assert_eq!(deliveries(&scene).iter().map(|it| it.user).collect::<Vec<_>>(), [Some(Person::Peer.id().uuid())]);
}

#[tokio::test]
async fn who_was_removed_from_a_project_hears_of_that_if_still_a_member() {
    for (who, hears) in [(Person::Peer, true), (Person::Stranger, false)] {
        let scene = Scene::new();
        let project = scene.private_project(1, "SEC", &[(Person::Member, ProjectRole::Manager)]);
        let fact = Fact::Project(ProjectFact::MemberRemoved { user: who.id() });
        let removed = EventRecord { project_id: Some(project.uuid()), ..event(fact, Person::Member) };
        notify(&scene, &removed).await;
        assert_eq!((told(&scene).len(), deliveries(&scene).len()), (usize::from(hears), usize::from(hears)), "{who:?}");
    }
}

#[tokio::test]
async fn who_left_the_organization_hears_nothing_more_of_it() {
    let scene = Scene::new();
    let (user, role) = (Person::Stranger.id(), OrganizationRole::Admin);
    let changed = Fact::Organization(OrganizationFact::MemberRoleChanged { user, role });
    notify(&scene, &event(changed, Person::Owner)).await;
    notify(&scene, &EventRecord { id: Uuid::from_u128(8), ..event(created(&[Person::Stranger]), Person::Member) })
        .await;
    assert_eq!((told(&scene), deliveries(&scene)), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn everybody_in_a_team_hears_of_its_project_who_is_in_it_still() {
    let scene = Scene::new();
    let project = scene.private_project(1, "SEC", &[(Person::Member, ProjectRole::Manager)]);
    let team = scene.add_team(1, &[Person::Peer, Person::Guest], &[(project, ProjectRole::Viewer)]);
    // The admin has left the team since.
    let members = [Person::Peer, Person::Guest, Person::Admin].map(Person::id).to_vec();
    let added = Fact::Project(ProjectFact::TeamAdded { team, role: ProjectRole::Viewer.into(), members });
    notify(&scene, &EventRecord { project_id: Some(project.uuid()), ..event(added, Person::Member) }).await;
    let mut heard: Vec<_> = scene.store.data().notifications.iter().map(|(user, ..)| *user).collect();
    heard.sort();
    assert_eq!(heard, [Person::Peer.id(), Person::Guest.id()]);
}

#[tokio::test]
async fn people_read_their_own_notifications_only() {
    let scene = Scene::new();
    notify(&scene, &event(created(&[Person::Peer]), Person::Member)).await;
    let notification = scene.store.data().notifications[0].1.id;
    let foreign = scene.run(Person::Member, MarkRead { notification }).await;
    assert_eq!(foreign, Err(AppError::NotFound("notification")));
    assert_eq!(scene.run(Person::Member, MarkAllRead).await, Ok(0));
    assert_eq!(scene.run(Person::Peer, MarkRead { notification }).await, Ok(()));
    assert_eq!(scene.store.data().notifications[0].1.read_at, Some(at(10)));
    assert_eq!(scene.run(Person::Peer, MarkAllRead).await, Ok(0));
}
