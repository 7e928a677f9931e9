use tenon_domain::notifications::NotificationKind;
use tenon_domain::{NotificationId, ProjectId, Timestamp, UserId};
use uuid::Uuid;

/// A notification as its user reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationView {
    pub id: NotificationId,
    pub kind: NotificationKind,
    pub title: String,
    pub body: String,
    pub actor_id: Option<UserId>,
    pub actor_name: Option<String>,
    pub project_id: Option<ProjectId>,
    pub resource_kind: String,
    pub resource_id: Uuid,
    pub resource_name: String,
    pub read_at: Option<Timestamp>,
    pub created_at: Timestamp,
}
