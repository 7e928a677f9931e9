use async_trait::async_trait;

use super::AuditEntryView;
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::events::{EventRecord, subscriber};

/// Appends an event to the audit trail. Running it again for the same event changes nothing.
#[derive(Clone, Debug)]
pub struct AppendAuditEntry {
    pub event: EventRecord,
}

#[async_trait]
impl Command for AppendAuditEntry {
    type Output = ();
    const NAME: &'static str = "audit.append";

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let event = self.event.clone();
        if !work.unit().receipts().note(event.id.into(), subscriber::AUDIT).await? {
            return Ok(());
        }
        let actor_name = match event.actor_user() {
            Some(actor) => work.unit().users().contacts(&[actor]).await?.pop().map(|contact| contact.display_name),
            None => None,
        };
        let entry = AuditEntryView {
            id: event.id.into(),
            action: event.name,
            actor: event.actor,
            actor_name,
            resource: event.subject,
            changes: event.changes,
            ip: event.origin.ip,
            user_agent: event.origin.user_agent,
            request_id: event.origin.request_id,
            occurred_at: event.occurred_at,
        };
        Ok(work.unit().audit().append(entry).await?)
    }
}
