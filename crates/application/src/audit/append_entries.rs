use async_trait::async_trait;
use tenon_domain::audit::ActorKind;
use tenon_domain::identity::IdentityFact;
use tenon_domain::{EventId, Fact, ResourceKind, UserId};

use super::AuditEntryView;
use crate::command::{Command, Effect, Work};
use crate::error::AppError;
use crate::events::{EventRecord, subscriber};
use crate::identity::UserContact;
use crate::token_access::TokenAccess;

/// Appends events of one organization to the audit trail. Running it again for the same events changes nothing.
#[derive(Clone, Debug)]
pub struct AppendAuditEntries {
    pub events: Vec<EventRecord>,
}

#[async_trait]
impl Command for AppendAuditEntries {
    type Output = ();
    const NAME: &'static str = "audit.append";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let ids: Vec<EventId> = self.events.iter().map(|event| event.id.into()).collect();
        let new = work.unit().receipts().note_all(&ids, subscriber::AUDIT).await?;
        let events: Vec<_> = self.events.iter().filter(|event| new.contains(&event.id.into())).collect();
        if events.is_empty() {
            return Ok(());
        }
        for effect in events.iter().filter_map(|event| told_of_access(event)) {
            work.after_commit(effect);
        }
        let mut actors: Vec<UserId> = events.iter().filter_map(|event| event.actor_user()).collect();
        actors.sort_unstable_by_key(|actor| actor.uuid());
        actors.dedup();
        let actors = match actors.as_slice() {
            [] => Vec::new(),
            actors => work.unit().users().contacts(actors).await?,
        };
        let entries = events.into_iter().map(|event| entry(event.clone(), &actors)).collect();
        Ok(work.unit().audit().append(entries).await?)
    }
}

/// Whoever changed who has access told all instances of it, unless it was the command line beside an embedded server,
/// which has no part in their caches: they hear of it here.
fn told_of_access(event: &EventRecord) -> Option<Effect> {
    let is_about_access = match event.fact() {
        // Users end theirs on an instance, and are many.
        Some(Fact::Identity(IdentityFact::SignedOut)) if event.actor.kind == ActorKind::System.as_str() => {
            return Some(Effect::SessionEnded { session: event.subject.id.into() });
        }
        Some(Fact::Identity(IdentityFact::Deactivated | IdentityFact::Reactivated)) => true,
        _ => event.subject.kind == ResourceKind::Member.as_str(),
    };
    let organization = event.organization_id.filter(|_| is_about_access)?.into();
    Some(Effect::RoleUnknown { organization, user: event.subject.id.into() })
}

fn entry(event: EventRecord, actors: &[UserContact]) -> AuditEntryView {
    let actor = event.actor_user().and_then(|id| actors.iter().find(|actor| actor.id == id));
    AuditEntryView {
        id: event.id.into(),
        action: event.name,
        actor_name: actor.map(|actor| actor.display_name.clone()),
        actor: event.actor,
        resource: event.subject,
        changes: event.changes,
        ip: event.origin.ip,
        user_agent: event.origin.user_agent,
        request_id: event.origin.request_id,
        occurred_at: event.occurred_at,
    }
}
