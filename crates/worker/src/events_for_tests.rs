use tenon_application::events::{ActorRecord, EventData, EventRecord, OriginRecord, SubjectRecord};
use uuid::Uuid;

pub(crate) fn event() -> EventRecord {
    EventRecord {
        id: Uuid::from_u128(7),
        name: "user.registered".to_owned(),
        version: 1,
        organization_id: None,
        project_id: None,
        actor: ActorRecord { kind: "system".to_owned(), id: None },
        subject: SubjectRecord { kind: "user".to_owned(), id: Uuid::from_u128(8), name: "Ada".to_owned() },
        data: EventData::Plain,
        changes: Vec::new(),
        origin: OriginRecord::default(),
        occurred_at: chrono::DateTime::UNIX_EPOCH,
    }
}
