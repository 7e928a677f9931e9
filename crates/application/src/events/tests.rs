//! The wire format of events: what was written once must be readable ever after.

use std::collections::{BTreeMap, HashSet};

use tenon_domain::access::{OrganizationRole, ProjectRole};
use tenon_domain::identity::{Email, IdentityFact, SignInFailure};
use tenon_domain::organizations::OrganizationFact;
use tenon_domain::projects::{ProjectFact, Status, Workflow};
use tenon_domain::tasks::TaskFact;
use tenon_domain::{Fact, FieldChange, FieldValue, ProjectId, ResourceKind, Subject, UserId};
use uuid::Uuid;

use super::*;
use crate::actor::Origin;
use crate::in_memory::{Scene, at};

fn user(n: u128) -> UserId {
    UserId::new(Uuid::from_u128(n))
}

fn status(key: &str) -> Status {
    Workflow::standard().find(key).unwrap().clone()
}

/// One of every kind, with every value an enum in it can have.
fn facts() -> Vec<Fact> {
    let (assignees, reporter) = (vec![user(1), user(2)], user(3));
    let people = || (assignees.clone(), reporter);
    let (from, to) = (status("in_progress"), status("done"));
    let email = Email::parse("new@example.com").unwrap();
    let tasks = [
        TaskFact::Created { assignees: people().0, reporter },
        TaskFact::Updated { assignees: people().0, reporter },
        TaskFact::Assigned { added: vec![user(1)], removed: vec![user(2)], reporter },
        TaskFact::StatusChanged { from: from.clone(), to: to.clone(), assignees: people().0, reporter },
        TaskFact::Completed { from, to, assignees: people().0, reporter },
        TaskFact::Deleted { assignees: people().0, reporter },
        TaskFact::Restored { assignees: people().0, reporter },
    ];
    let mut projects = vec![
        ProjectFact::Created,
        ProjectFact::Updated,
        ProjectFact::Archived,
        ProjectFact::Unarchived,
        ProjectFact::Deleted,
        ProjectFact::MemberRemoved { user: user(1) },
    ];
    for &role in ProjectRole::ALL {
        projects.push(ProjectFact::MemberAdded { user: user(1), role });
        projects.push(ProjectFact::MemberRoleChanged { user: user(1), role });
    }
    let mut organizations = vec![
        OrganizationFact::Created,
        OrganizationFact::Updated,
        OrganizationFact::InvitationRevoked { email: email.clone() },
        OrganizationFact::MemberRemoved { user: user(1) },
    ];
    for &role in OrganizationRole::ALL {
        organizations.push(OrganizationFact::Invited { email: email.clone(), role });
        organizations.push(OrganizationFact::MemberJoined { user: user(1), role, invited_by: None });
        organizations.push(OrganizationFact::MemberJoined { user: user(1), role, invited_by: Some(user(2)) });
        organizations.push(OrganizationFact::MemberRoleChanged { user: user(1), role });
    }
    let mut identity = vec![
        IdentityFact::Registered,
        IdentityFact::ProfileUpdated,
        IdentityFact::SignedIn,
        IdentityFact::SignedOut,
        IdentityFact::OrganizationSwitched,
    ];
    identity.extend(SignInFailure::ALL.iter().map(|&reason| IdentityFact::SignInFailed { reason }));
    let denied = Fact::PermissionDenied { permission: "task.edit".to_owned() };
    let mut all: Vec<Fact> = tasks.into_iter().map(Fact::Task).collect();
    all.extend(projects.into_iter().map(Fact::Project));
    all.extend(organizations.into_iter().map(Fact::Organization));
    all.extend(identity.into_iter().map(Fact::Identity));
    all.push(denied);
    all
}

/// How many kinds there are. A new variant does not compile here until it is listed: then add it to [`facts`] too.
fn number_of_kinds(fact: &Fact) -> usize {
    match fact {
        Fact::Task(
            TaskFact::Created { .. }
            | TaskFact::Updated { .. }
            | TaskFact::Assigned { .. }
            | TaskFact::StatusChanged { .. }
            | TaskFact::Completed { .. }
            | TaskFact::Deleted { .. }
            | TaskFact::Restored { .. },
        )
        | Fact::Project(
            ProjectFact::Created
            | ProjectFact::Updated
            | ProjectFact::Archived
            | ProjectFact::Unarchived
            | ProjectFact::Deleted
            | ProjectFact::MemberAdded { .. }
            | ProjectFact::MemberRoleChanged { .. }
            | ProjectFact::MemberRemoved { .. },
        )
        | Fact::Organization(
            OrganizationFact::Created
            | OrganizationFact::Updated
            | OrganizationFact::Invited { .. }
            | OrganizationFact::InvitationRevoked { .. }
            | OrganizationFact::MemberJoined { .. }
            | OrganizationFact::MemberRoleChanged { .. }
            | OrganizationFact::MemberRemoved { .. },
        )
        | Fact::Identity(
            IdentityFact::Registered
            | IdentityFact::ProfileUpdated
            | IdentityFact::SignedIn
            | IdentityFact::SignInFailed { .. }
            | IdentityFact::SignedOut
            | IdentityFact::OrganizationSwitched,
        )
        | Fact::PermissionDenied { .. } => 7 + 8 + 7 + 6 + 1,
    }
}

fn record(fact: Fact) -> EventRecord {
    let event = DomainEvent {
        subject: Subject { kind: ResourceKind::Task, id: Uuid::from_u128(4), name: "ENG-12 Fix the door".to_owned() },
        project: Some(ProjectId::new(Uuid::from_u128(5))),
        fact,
        changes: vec![FieldChange { field: "title", from: "Door".into(), to: "Fix the door".into() }],
    };
    let actor = ActorRecord { kind: "user".to_owned(), id: Some(Uuid::from_u128(6)) };
    let origin = Origin {
        request_id: Some("req-1".to_owned()),
        ip: Some("192.0.2.1".to_owned()),
        user_agent: Some("curl/8.5".to_owned()),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        idempotency_key: Some("not for the wire".to_owned()),
    };
    EventRecord::new(Uuid::from_u128(7), &event, Some(Scene::ACME), actor, &origin, at(0))
}

fn delivery(channel: Channel) -> EventRecord {
    let delivery = Delivery {
        channel,
        kind: "organization.invited".to_owned(),
        user: None,
        address: Some("new@example.com".to_owned()),
        title: "Ada invited you to Acme".to_owned(),
        body: "The invitation is good for 7 days.".to_owned(),
        organization_name: "Acme".to_owned(),
        invitation: Some(Uuid::from_u128(8)),
        resource_kind: "invitation".to_owned(),
        resource_id: Uuid::from_u128(8),
        caused_by: Uuid::from_u128(9),
    };
    let actor = ActorRecord { kind: "system".to_owned(), id: None };
    EventRecord::delivery(Uuid::from_u128(7), delivery, Some(Scene::ACME), actor, &Origin::default(), at(0))
}

#[test]
fn every_fact_comes_back_from_the_wire_as_it_was() {
    for fact in facts() {
        let record = record(fact.clone());
        let text = serde_json::to_string(&record).unwrap();
        let read: EventRecord = serde_json::from_str(&text).unwrap();
        assert_eq!(read, record);
        assert_eq!(read.fact(), Some(fact), "{text}");
    }
}

#[test]
fn the_sample_holds_every_kind() {
    let names: HashSet<_> = facts().into_iter().map(|fact| record(fact).name).collect();
    assert_eq!(names.len(), number_of_kinds(&facts()[0]), "kinds without a sample, or names that two kinds share");
}

#[test]
fn a_delivery_comes_back_from_the_wire_and_is_no_fact() {
    for channel in [Channel::Email, Channel::Push] {
        let record = delivery(channel);
        let read: EventRecord = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
        assert_eq!(read, record);
        assert_eq!(read.fact(), None);
    }
}

#[test]
fn the_wire_format_is_what_it_always_was() {
    // One record a kind; the data of the others differs in enum values only.
    let mut records = BTreeMap::new();
    for record in facts().into_iter().map(record).chain([delivery(Channel::Email), delivery(Channel::Push)]) {
        records.entry(record.name.clone()).or_insert(record);
    }
    for (name, record) in records {
        insta::assert_json_snapshot!(name, record);
    }
}

#[test]
fn each_kind_of_value_has_its_json() {
    let date = chrono::NaiveDate::from_ymd_opt(2026, 12, 24).unwrap();
    let moment: FieldValue = (at(0) + chrono::TimeDelta::milliseconds(7)).into();
    for (value, json) in [
        (FieldValue::Nothing, serde_json::json!(null)),
        ("door".into(), serde_json::json!("door")),
        (5_i64.into(), serde_json::json!(5)),
        (date.into(), serde_json::json!("2026-12-24")),
        (moment, serde_json::json!("2026-11-21T09:30:00.007Z")),
        (vec!["a".to_owned()].into(), serde_json::json!(["a"])),
    ] {
        let record = ChangeRecord::from(&FieldChange { field: "field", from: FieldValue::Nothing, to: value });
        assert_eq!((record.field.as_str(), record.from, record.to), ("field", serde_json::Value::Null, json));
    }
}

#[test]
fn what_a_newer_version_wrote_is_left_alone() {
    let known = record(facts().remove(0));
    assert_eq!(EventRecord { version: 2, ..known.clone() }.fact(), None);
    for name in ["task.exploded", "project.exploded", "organization.exploded", "weather.changed", ""] {
        assert_eq!(EventRecord { name: name.to_owned(), ..known.clone() }.fact(), None, "{name}");
    }
    // A value that this version does not know, and a shape that belongs to another event.
    let data = EventData::ProjectMember { user: Uuid::nil(), role: Some("emperor".to_owned()) };
    assert_eq!(EventRecord { name: "project.member_added".to_owned(), data, ..known.clone() }.fact(), None);
    assert_eq!(EventRecord { data: EventData::Plain, ..known }.fact(), None);
}

#[test]
fn events_go_to_their_subscribers_and_deliveries_to_one_channel() {
    assert_eq!(subscribers_of("task.created"), [subscriber::NOTIFICATIONS, subscriber::AUDIT]);
    assert_eq!(subscribers_of(&delivery(Channel::Email).name), [subscriber::EMAIL]);
    assert_eq!(subscribers_of(&delivery(Channel::Push).name), [subscriber::PUSH]);
}
