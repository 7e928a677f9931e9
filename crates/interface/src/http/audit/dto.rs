//! The audit trail in JSON.

use serde::Serialize;
use serde_json::Value;
use tenon_application::audit::{AuditEntryView, AuditFilter};
use tenon_application::events::ChangeRecord;
use tenon_domain::ResourceKind;
use tenon_domain::audit::ActorKind;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::list::Filter;
use crate::http::query::{self, Kind, Params};
use crate::http::wire::{Moment, names, names_schema, wire_enum};

wire_enum! {
    /// What kind of thing something was done to.
    ResourceTypeName, "ResourceType", ResourceKind
}

wire_enum! {
    /// Who did something: a `user`, somebody `anonymous` who had not signed in, or the `system` itself.
    ActorTypeName, "ActorType", ActorKind
}

/// The longest text that is taken for the name of an action.
const ACTION_MAX_CHARS: usize = 100;

/// The names of events.
const ACTION: &str = r"^[a-z_]+\.[a-z_]+$";

/// What something happened to. Kept as it was then, also when the resource is gone.
#[derive(Serialize, ToSchema)]
#[schema(as = Resource, example = json!({
    "type": "task", "id": "0199f8a2-7d2f-7e4b-8c65-3a1d9f2e8b77", "name": "ENG-12 Fix the door",
}))]
pub(crate) struct ResourceResponse {
    #[serde(rename = "type")]
    #[schema(value_type = ResourceTypeName)]
    pub(crate) resource_type: String,
    pub(crate) id: Uuid,
    /// What a person would have called it at the time.
    pub(crate) name: String,
}

/// Who did it.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditActor, example = json!({
    "type": "user", "id": "0199f8a2-8e30-7f5c-9d76-4b2ea03f9c88", "name": "Ada Lovelace", "token_id": null,
}))]
pub(crate) struct AuditActorResponse {
    #[serde(rename = "type")]
    #[schema(value_type = ActorTypeName)]
    actor_type: String,
    /// `null` unless the actor is a user.
    #[schema(required = true)]
    id: Option<Uuid>,
    /// The user's name at the time.
    #[schema(required = true)]
    name: Option<String>,
    /// The personal access token it was done with; `null` for what was done without one.
    #[schema(required = true)]
    token_id: Option<Uuid>,
}

/// A field that changed.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditChange, example = json!({ "field": "status", "from": "todo", "to": "in_progress" }))]
pub(crate) struct AuditChangeResponse {
    field: String,
    /// `null` if it was empty.
    from: Value,
    /// `null` if it is empty now.
    to: Value,
}

/// An entry of the audit trail. Entries never change.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0199f8a3-1f52-7a7e-8f98-6d40c2513eaa", "action": "task.status_changed",
    "actor": {
        "type": "user", "id": "0199f8a2-8e30-7f5c-9d76-4b2ea03f9c88", "name": "Ada Lovelace", "token_id": null,
    },
    "resource": { "type": "task", "id": "0199f8a2-7d2f-7e4b-8c65-3a1d9f2e8b77", "name": "ENG-12 Fix the door" },
    "changes": [{ "field": "status", "from": "todo", "to": "in_progress" }],
    "ip": "203.0.113.7", "user_agent": "curl/8.14.1", "request_id": "0199f8a3-1f4e-7c3d-8a21-5c3fb1402d99",
    "occurred_at": "2026-11-21T09:30:00.123Z",
}))]
pub(crate) struct AuditEntryResponse {
    id: Uuid,
    /// The name of the event.
    action: String,
    actor: AuditActorResponse,
    resource: ResourceResponse,
    changes: Vec<AuditChangeResponse>,
    /// The address the request came from.
    #[schema(required = true)]
    ip: Option<String>,
    #[schema(required = true)]
    user_agent: Option<String>,
    #[schema(required = true)]
    request_id: Option<String>,
    occurred_at: Moment,
}

impl From<ChangeRecord> for AuditChangeResponse {
    fn from(change: ChangeRecord) -> Self {
        Self { field: change.field, from: change.from, to: change.to }
    }
}

impl From<AuditEntryView> for AuditEntryResponse {
    fn from(entry: AuditEntryView) -> Self {
        let (actor, resource) = (entry.actor, entry.resource);
        Self {
            id: entry.id.into(),
            action: entry.action,
            actor: AuditActorResponse {
                actor_type: actor.kind,
                id: actor.id,
                name: entry.actor_name,
                token_id: actor.token,
            },
            resource: ResourceResponse { resource_type: resource.kind, id: resource.id, name: resource.name },
            changes: entry.changes.into_iter().map(Into::into).collect(),
            ip: entry.ip,
            user_agent: entry.user_agent,
            request_id: entry.request_id,
            occurred_at: entry.occurred_at.into(),
        }
    }
}

impl Filter for AuditFilter {
    fn read(params: &mut Params) -> Self {
        Self {
            actors: params.many("actor_id", "Only what these users did.", &query::id()),
            actions: params.many("action", "Only these actions.", &action_kind()),
            resource_types: params.many("resource_type", "Only resources of these types.", &resource_type_kind()),
            resource_ids: params.many("resource_id", "Only these resources.", &query::id()),
            from: params.one("from", "Only from this moment on.", &query::moment()),
            to: params.one("to", "Only before this moment.", &query::moment()),
        }
    }
}

/// Any name an action may have, so that asking for one of an older or a newer version finds nothing rather than fails.
fn action_kind() -> Kind<String> {
    Kind {
        parse: |raw| {
            let (subject, verb) = raw.split_once('.')?;
            let is_word = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_lowercase() || c == b'_');
            (raw.len() <= ACTION_MAX_CHARS && is_word(subject) && is_word(verb)).then(|| raw.to_owned())
        },
        schema: || query::text_schema(ACTION_MAX_CHARS, ACTION, "task.created"),
        expects: || "the name of an action, such as task.created".to_owned(),
    }
}

fn resource_type_kind() -> Kind<String> {
    Kind {
        parse: |raw| ResourceKind::parse(raw).map(|kind| kind.as_str().to_owned()),
        schema: || names_schema::<ResourceKind>().build(),
        expects: || format!("one of {}", names::<ResourceKind>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;
    use tenon_application::events::{ActorRecord, SubjectRecord};

    use super::*;

    const A: &str = "0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66";

    fn read(query: &str) -> Option<AuditFilter> {
        let mut params = Params::read(query);
        let filter = AuditFilter::read(&mut params);
        params.finish().ok().map(|()| filter)
    }

    #[test]
    fn everything_but_the_time_may_be_repeated() {
        let query = format!(
            "action=task.created&action=auth.sign_in_failed&resource_type=task&resource_type=operation\
             &actor_id={A}&actor_id={A}&resource_id={A}&resource_id={A}\
             &from=2026-11-21T00:00:00Z&to=2026-11-22T00:00:00%2B01:00"
        );
        let filter = read(&query).unwrap();
        assert_eq!(filter.actions, ["task.created", "auth.sign_in_failed"]);
        assert_eq!(filter.resource_types, ["task", "operation"]);
        assert_eq!((filter.actors.len(), filter.resource_ids.len()), (2, 2));
        assert_eq!(filter.to.unwrap() - filter.from.unwrap(), chrono::TimeDelta::hours(23));
        assert!(read("from=2026-11-21T00:00:00Z&from=2026-11-21T00:00:00Z").is_none());
        assert_eq!(read(""), Some(AuditFilter::default()));
    }

    #[test]
    fn what_cannot_be_a_filter_is_refused() {
        let long = format!("action=task.{}", "x".repeat(96));
        let bad = ["action=", "action=task", "action=.created", "action=task.", "action=a.b.c", "action=Task.created"];
        for query in bad.into_iter().chain(["action=task.created%0A", "resource_type=tasks", "actor_id=me", &long]) {
            assert!(read(query).is_none(), "{query}");
        }
        assert!(read(&long[..long.len() - 1]).is_some());
    }

    #[test]
    fn an_entry_has_all_its_fields_also_the_empty_ones() {
        let entry = AuditEntryView {
            id: Uuid::nil().into(),
            action: "user.registered".to_owned(),
            actor: ActorRecord { kind: ActorKind::Anonymous.as_str().to_owned(), id: None, token: None },
            actor_name: None,
            resource: SubjectRecord {
                kind: ResourceKind::User.as_str().to_owned(),
                id: Uuid::nil(),
                name: "Ada".to_owned(),
            },
            changes: vec![ChangeRecord { field: "labels".to_owned(), from: Value::Null, to: json!(["a", "b"]) }],
            ip: None,
            user_agent: None,
            request_id: None,
            occurred_at: DateTime::UNIX_EPOCH,
        };
        let expected = json!({
            "id": Uuid::nil(), "action": "user.registered",
            "actor": { "type": "anonymous", "id": null, "name": null, "token_id": null },
            "resource": { "type": "user", "id": Uuid::nil(), "name": "Ada" },
            "changes": [{ "field": "labels", "from": null, "to": ["a", "b"] }],
            "ip": null, "user_agent": null, "request_id": null, "occurred_at": "1970-01-01T00:00:00.000Z",
        });
        assert_eq!(serde_json::to_value(AuditEntryResponse::from(entry)).unwrap(), expected);
    }

    #[test]
    fn changed_values_may_be_of_any_type() {
        let document: Value = serde_json::from_str(&crate::http::openapi_json()).unwrap();
        let change = &document["components"]["schemas"]["AuditChange"];
        assert_eq!(change["required"], json!(["field", "from", "to"]));
        for side in ["from", "to"] {
            assert!(change["properties"][side].is_object(), "{side}");
            assert!(change["properties"][side].get("type").is_none(), "{side}");
        }
    }
}
