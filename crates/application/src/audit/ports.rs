use async_trait::async_trait;
use tenon_domain::{AuditEntryId, Timestamp, UserId};
use uuid::Uuid;

use crate::actor::Viewer;
use crate::events::{ActorRecord, ChangeRecord, SubjectRecord};
use crate::page::{Page, PageRequest, Unsorted};
use crate::unit_of_work::StoreError;

/// An audit entry as it is written and read.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntryView {
    /// The id of the event.
    pub id: AuditEntryId,
    pub action: String,
    pub actor: ActorRecord,
    pub actor_name: Option<String>,
    pub resource: SubjectRecord,
    pub changes: Vec<ChangeRecord>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    pub occurred_at: Timestamp,
}

/// The audit trail in a unit of work, bound to its organization, or to none for attempts on unknown accounts.
#[async_trait]
pub trait AuditRepository: Send {
    /// Appends entries in one statement.
    async fn append(&mut self, entries: Vec<AuditEntryView>) -> Result<(), StoreError>;
}

/// Which entries a list shows: OR within a field, AND between fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub actors: Vec<UserId>,
    pub actions: Vec<String>,
    pub resource_types: Vec<String>,
    pub resource_ids: Vec<Uuid>,
    /// At or after this moment.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
}

/// The read side of the audit trail.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait AuditQueries: Send + Sync {
    /// Entries of the viewer's organization, newest first.
    async fn list(
        &self,
        viewer: Viewer,
        filter: &AuditFilter,
        page: &PageRequest<Unsorted>,
    ) -> Result<Page<AuditEntryView>, StoreError>;
}
