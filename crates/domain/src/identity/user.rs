use super::{DisplayName, Email, IdentityFact, PasswordHash};
use crate::{DomainEvent, Fact, FieldChange, ResourceKind, Subject, Timestamp, UserId, Version};

/// The plain data of a user: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserState {
    pub id: UserId,
    pub email: Email,
    pub display_name: DisplayName,
    pub password_hash: PasswordHash,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A user and the events their methods recorded.
#[derive(Clone, Debug)]
pub struct User {
    state: UserState,
    events: Vec<DomainEvent>,
}

impl User {
    pub fn register(
        id: UserId,
        email: Email,
        display_name: DisplayName,
        password_hash: PasswordHash,
        now: Timestamp,
    ) -> Self {
        let state = UserState { id, email, display_name, password_hash, version: 0, created_at: now, updated_at: now };
        let mut user = Self { state, events: Vec::new() };
        user.record(IdentityFact::Registered, Vec::new());
        user
    }

    pub fn restore(state: UserState) -> Self {
        Self { state, events: Vec::new() }
    }

    pub fn state(&self) -> &UserState {
        &self.state
    }

    /// The state and the events, for the store that writes both.
    pub fn into_parts(self) -> (UserState, Vec<DomainEvent>) {
        (self.state, self.events)
    }

    /// Changes the display name. Nothing is recorded when nothing changes.
    pub fn rename(&mut self, display_name: DisplayName, now: Timestamp) {
        let change = FieldChange::of("display_name", self.state.display_name.as_str(), display_name.as_str());
        if let Some(change) = change {
            self.state.display_name = display_name;
            self.state.updated_at = now;
            self.record(IdentityFact::ProfileUpdated, vec![change]);
        }
    }

    fn record(&mut self, fact: IdentityFact, changes: Vec<FieldChange>) {
        self.events.push(DomainEvent {
            subject: Subject {
                kind: ResourceKind::User,
                id: self.state.id.uuid(),
                name: self.state.display_name.to_string(),
            },
            project: None,
            fact: Fact::Identity(fact),
            changes,
        });
    }
}
