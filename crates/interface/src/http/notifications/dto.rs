//! Notifications in JSON.

use serde::Serialize;
use tenon_application::notifications::NotificationView;
use tenon_domain::NotificationId;
use tenon_domain::notifications::NotificationKind;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;

use crate::http::audit::ResourceResponse;
use crate::http::list::Filter;
use crate::http::path::{PathRef, id_schema};
use crate::http::query::{self, Params, parse_uuid};
use crate::http::wire::{Moment, wire_enum};

wire_enum! {
    /// What a notification is about.
    NotificationTypeName, "NotificationType", NotificationKind
}

/// Who caused a notification.
#[derive(Serialize, ToSchema)]
#[schema(as = NotificationActor, example = json!({
    "id": "0199f8a2-8e30-7f5c-9d76-4b2ea03f9c88", "name": "Ada Lovelace",
}))]
pub(crate) struct NotificationActorResponse {
    id: Uuid,
    /// Their name at the time.
    #[schema(required = true)]
    name: Option<String>,
}

/// A notification.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0199f8a3-2063-7b8f-9aa9-7e51d3624fbb", "type": "task.status_changed",
    "title": "Ada Lovelace moved ENG-12 Fix the door to in progress", "body": "It was in todo before.",
    "actor": { "id": "0199f8a2-8e30-7f5c-9d76-4b2ea03f9c88", "name": "Ada Lovelace" },
    "project_id": "0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66",
    "resource": { "type": "task", "id": "0199f8a2-7d2f-7e4b-8c65-3a1d9f2e8b77", "name": "ENG-12 Fix the door" },
    "read_at": null, "created_at": "2026-11-21T09:30:00.123Z",
}))]
pub(crate) struct NotificationResponse {
    id: Uuid,
    #[serde(rename = "type")]
    notification_type: NotificationTypeName,
    title: String,
    /// Empty if the title says it all.
    body: String,
    /// `null` if nobody did it by hand.
    #[schema(required = true)]
    actor: Option<NotificationActorResponse>,
    #[schema(required = true)]
    project_id: Option<Uuid>,
    resource: ResourceResponse,
    /// `null` while it is unread.
    #[schema(required = true)]
    read_at: Option<Moment>,
    created_at: Moment,
}

impl From<NotificationView> for NotificationResponse {
    fn from(notification: NotificationView) -> Self {
        let name = notification.actor_name;
        Self {
            id: notification.id.into(),
            notification_type: notification.kind.into(),
            title: notification.title,
            body: notification.body,
            actor: notification.actor_id.map(|id| NotificationActorResponse { id: id.into(), name }),
            project_id: notification.project_id.map(Into::into),
            resource: ResourceResponse {
                resource_type: notification.resource_kind,
                id: notification.resource_id,
                name: notification.resource_name,
            },
            read_at: notification.read_at.map(Into::into),
            created_at: notification.created_at.into(),
        }
    }
}

/// A number of notifications.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "count": 3 }))]
pub(crate) struct NotificationCountResponse {
    pub(super) count: u64,
}

/// Whether a list has the unread notifications, the read ones, or both.
pub(crate) struct OfUnread(pub(super) Option<bool>);

impl Filter for OfUnread {
    fn read(params: &mut Params) -> Self {
        let description = "`true`: only unread notifications; `false`: only those that were read.";
        Self(params.one("unread", description, &query::flag()))
    }
}

impl PathRef for NotificationId {
    const SEGMENT: &'static str = "notification";
    const RESOURCE: &'static str = "notification";
    const DESCRIPTION: &'static str = "The id of the notification.";

    fn parse(raw: &str) -> Option<Self> {
        parse_uuid(raw).map(Self::from)
    }

    fn schema() -> Object {
        id_schema()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_notification_has_all_its_fields_also_the_empty_ones() {
        let notification = NotificationView {
            id: Uuid::nil().into(),
            kind: NotificationKind::TaskAssigned,
            title: "Tenon assigned you ENG-1 Door".to_owned(),
            body: String::new(),
            actor_id: None,
            actor_name: None,
            project_id: None,
            resource_kind: "task".to_owned(),
            resource_id: Uuid::nil(),
            resource_name: "ENG-1 Door".to_owned(),
            read_at: None,
            created_at: DateTime::UNIX_EPOCH,
        };
        let mut expected = json!({
            "id": Uuid::nil(), "type": "task.assigned", "title": "Tenon assigned you ENG-1 Door", "body": "",
            "actor": null, "project_id": null, "resource": { "type": "task", "id": Uuid::nil(), "name": "ENG-1 Door" },
            "read_at": null, "created_at": "1970-01-01T00:00:00.000Z",
        });
        let json = |view: &NotificationView| serde_json::to_value(NotificationResponse::from(view.clone())).unwrap();
        assert_eq!(json(&notification), expected);
        let by_hand =
            NotificationView { actor_id: Some(Uuid::nil().into()), actor_name: Some("Ada".to_owned()), ..notification };
        expected["actor"] = json!({ "id": Uuid::nil(), "name": "Ada" });
        assert_eq!(json(&by_hand), expected);
    }

    #[test]
    fn unread_is_asked_for_or_not() {
        let read = |query: &str| {
            let mut params = Params::read(query);
            let OfUnread(unread) = OfUnread::read(&mut params);
            params.finish().ok().map(|()| unread)
        };
        assert_eq!(read(""), Some(None));
        assert_eq!(read("unread=true"), Some(Some(true)));
        assert_eq!(read("unread=false"), Some(Some(false)));
        for query in ["unread=", "unread=1", "unread=TRUE", "unread=true&unread=true"] {
            assert_eq!(read(query), None, "{query}");
        }
    }

    #[test]
    fn all_answered_fields_are_documented_as_given() {
        let document: Value = serde_json::from_str(&crate::http::openapi_json()).unwrap();
        let schemas = &document["components"]["schemas"];
        for (name, count) in [("NotificationResponse", 9), ("NotificationActor", 2), ("Resource", 3)] {
            assert_eq!(schemas[name]["required"].as_array().map(Vec::len), Some(count), "{name}");
        }
        let resource_type = schemas["Resource"]["properties"]["type"].to_string();
        assert!(resource_type.contains("ResourceType"), "{resource_type}");
    }
}
