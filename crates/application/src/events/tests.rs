//! The wire format of events: what was written once must be readable ever after.

mod facts;

use std::collections::{BTreeMap, HashSet};

use tenon_domain::identity::IdentityFact;
use tenon_domain::{Fact, FieldChange, FieldValue, ProjectId, ResourceKind, Subject};
use uuid::Uuid;

use self::facts::{facts, number_of_kinds};
use super::*;
use crate::actor::Origin;
use crate::in_memory::{Scene, at};

fn record(fact: Fact) -> EventRecord {
    let event = DomainEvent {
        subject: Subject { kind: ResourceKind::Task, id: Uuid::from_u128(4), name: "ENG-12 Fix the door".to_owned() },
        project: Some(ProjectId::new(Uuid::from_u128(5))),
        fact,
        changes: vec![FieldChange { field: "title", from: "Door".into(), to: "Fix the door".into() }],
    };
    let actor = ActorRecord { kind: "user".to_owned(), id: Some(Uuid::from_u128(6)), token: None };
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
        account_request: None,
        resource_kind: "invitation".to_owned(),
        resource_id: Uuid::from_u128(8),
        caused_by: Uuid::from_u128(9),
    };
    let actor = ActorRecord { kind: "system".to_owned(), id: None, token: None };
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
fn an_event_says_which_token_it_was_caused_with_and_older_ones_say_nothing_of_tokens() {
    let mut by_token = record(Fact::Identity(IdentityFact::ProfileUpdated));
    let old = serde_json::to_value(&by_token).unwrap();
    assert_eq!(old["actor"], serde_json::json!({ "type": "user", "id": by_token.actor.id }));
    assert_eq!(serde_json::from_value::<EventRecord>(old).unwrap(), by_token);
    by_token.actor.token = Some(Uuid::from_u128(9));
    let text = serde_json::to_string(&by_token).unwrap();
    assert_eq!(serde_json::from_str::<EventRecord>(&text).unwrap(), by_token);
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
        (true.into(), serde_json::json!(true)),
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
    for name in ["task.exploded", "project.exploded", "organization.exploded", "team.exploded", "weather.changed", ""] {
        assert_eq!(EventRecord { name: name.to_owned(), ..known.clone() }.fact(), None, "{name}");
    }
    // A value that this version does not know, and a shape that belongs to another event.
    let data = EventData::ProjectMember { user: Uuid::nil(), role: Some("emperor".to_owned()), custom_role: None };
    assert_eq!(EventRecord { name: "project.member_added".to_owned(), data, ..known.clone() }.fact(), None);
    assert_eq!(EventRecord { data: EventData::Plain, ..known }.fact(), None);
}

#[test]
fn events_go_to_their_subscribers_and_deliveries_to_one_channel() {
    assert_eq!(subscribers_of("task.created"), [subscriber::NOTIFICATIONS, subscriber::AUDIT]);
    assert_eq!(subscribers_of(&delivery(Channel::Email).name), [subscriber::EMAIL]);
    assert_eq!(subscribers_of(&delivery(Channel::Push).name), [subscriber::PUSH]);
}
