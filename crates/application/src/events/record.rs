//! The wire format of an event: what the outbox stores and jobs carry.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenon_domain::{DomainEvent, Fact, FieldChange, FieldValue, OrganizationId, Timestamp, TokenId, UserId};
use uuid::Uuid;

use super::data::{Delivery, EventData, read_fact};
use crate::actor::{Actor, Origin};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorRecord {
    #[serde(rename = "type")]
    pub kind: String,
    pub id: Option<Uuid>,
    /// The personal access token that the user did it with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Uuid>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectRecord {
    #[serde(rename = "type")]
    pub kind: String,
    pub id: Uuid,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeRecord {
    pub field: String,
    pub from: Value,
    pub to: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginRecord {
    pub request_id: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub traceparent: Option<String>,
}

/// An event on the wire. `version` rises when a shape changes in a way that old readers would misread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    pub id: Uuid,
    pub name: String,
    pub version: u16,
    pub organization_id: Option<Uuid>,
    pub project_id: Option<Uuid>,
    pub actor: ActorRecord,
    pub subject: SubjectRecord,
    pub data: EventData,
    pub changes: Vec<ChangeRecord>,
    pub origin: OriginRecord,
    pub occurred_at: Timestamp,
}

impl EventRecord {
    const VERSION: u16 = 1;

    /// Puts an event of the domain on the wire, stamped with who caused it, where and when.
    pub fn new(
        id: Uuid,
        event: &DomainEvent,
        organization: Option<OrganizationId>,
        actor: ActorRecord,
        origin: &Origin,
        occurred_at: Timestamp,
    ) -> Self {
        Self {
            id,
            name: event.name().to_owned(),
            version: Self::VERSION,
            organization_id: organization.map(OrganizationId::uuid),
            project_id: event.project.map(Into::into),
            actor,
            subject: SubjectRecord {
                kind: event.subject.kind.as_str().to_owned(),
                id: event.subject.id,
                name: event.subject.name.clone(),
            },
            data: EventData::from(&event.fact),
            changes: event.changes.iter().map(ChangeRecord::from).collect(),
            origin: OriginRecord::from(origin),
            occurred_at,
        }
    }

    /// Puts a message on the wire, on behalf of whoever caused it.
    pub fn delivery(
        id: Uuid,
        delivery: Delivery,
        organization: Option<OrganizationId>,
        actor: ActorRecord,
        origin: &Origin,
        occurred_at: Timestamp,
    ) -> Self {
        Self {
            id,
            name: delivery.event_name().to_owned(),
            version: Self::VERSION,
            organization_id: organization.map(OrganizationId::uuid),
            project_id: None,
            actor,
            subject: SubjectRecord {
                kind: delivery.resource_kind.clone(),
                id: delivery.resource_id,
                name: delivery.title.clone(),
            },
            data: EventData::Delivery(delivery),
            changes: Vec::new(),
            origin: OriginRecord::from(origin),
            occurred_at,
        }
    }

    pub fn organization(&self) -> Option<OrganizationId> {
        self.organization_id.map(OrganizationId::new)
    }

    pub fn actor_user(&self) -> Option<UserId> {
        self.actor.id.map(UserId::new)
    }

    /// The domain's fact, or `None` for an event that this version does not know.
    pub fn fact(&self) -> Option<Fact> {
        if self.version > Self::VERSION { None } else { read_fact(&self.name, &self.data) }
    }

    /// The origin that work caused by this event carries on.
    pub fn origin(&self) -> Origin {
        Origin {
            request_id: self.origin.request_id.clone(),
            ip: self.origin.ip.clone(),
            user_agent: self.origin.user_agent.clone(),
            traceparent: self.origin.traceparent.clone(),
            idempotency_key: None,
        }
    }
}

impl From<&Actor> for ActorRecord {
    fn from(actor: &Actor) -> Self {
        Self {
            kind: actor.kind().as_str().to_owned(),
            id: actor.user_id().map(UserId::uuid),
            token: actor.token().map(TokenId::uuid),
        }
    }
}

impl From<&Origin> for OriginRecord {
    fn from(origin: &Origin) -> Self {
        Self {
            request_id: origin.request_id.clone(),
            ip: origin.ip.clone(),
            user_agent: origin.user_agent.clone(),
            traceparent: origin.traceparent.clone(),
        }
    }
}

impl From<&FieldChange> for ChangeRecord {
    fn from(change: &FieldChange) -> Self {
        Self { field: change.field.to_owned(), from: json(&change.from), to: json(&change.to) }
    }
}

fn json(value: &FieldValue) -> Value {
    match value {
        FieldValue::Nothing => Value::Null,
        FieldValue::Text(text) => Value::from(text.as_str()),
        FieldValue::Number(number) => Value::from(*number),
        FieldValue::Flag(flag) => Value::from(*flag),
        FieldValue::Date(date) => Value::from(date.to_string()),
        FieldValue::Moment(moment) => Value::from(moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)),
        FieldValue::List(list) => Value::from(list.clone()),
    }
}
