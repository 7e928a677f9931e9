use super::{OrganizationError, OrganizationFact};
use crate::text::line_value;
use crate::{DomainEvent, Fact, FieldChange, OrganizationId, ResourceKind, Subject, Timestamp, UserId, Version};

line_value! {
    /// What people call an organization.
    OrganizationName, 1..=100, OrganizationError, OrganizationError::NameLength, OrganizationError::NameCharacters
}

/// The plain data of an organization: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationState {
    pub id: OrganizationId,
    pub name: OrganizationName,
    /// Whether its members need a second factor to do anything in it.
    pub require_mfa: bool,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// An organization and the events its methods recorded.
#[derive(Clone, Debug)]
pub struct Organization {
    state: OrganizationState,
    events: Vec<DomainEvent>,
}

impl Organization {
    pub fn create(id: OrganizationId, name: OrganizationName, now: Timestamp) -> Self {
        let state = OrganizationState { id, name, require_mfa: false, version: 0, created_at: now, updated_at: now };
        let mut organization = Self { state, events: Vec::new() };
        organization.record(OrganizationFact::Created, Vec::new());
        organization
    }

    pub fn restore(state: OrganizationState) -> Self {
        Self { state, events: Vec::new() }
    }

    pub fn state(&self) -> &OrganizationState {
        &self.state
    }

    /// The state and the events, for the store that writes both.
    pub fn into_parts(self) -> (OrganizationState, Vec<DomainEvent>) {
        (self.state, self.events)
    }

    /// Changes the name. Nothing is recorded when nothing changes.
    pub fn rename(&mut self, name: OrganizationName, now: Timestamp) {
        if let Some(change) = FieldChange::of("name", self.state.name.as_str(), name.as_str()) {
            self.state.name = name;
            self.state.updated_at = now;
            self.record(OrganizationFact::Updated, vec![change]);
        }
    }

    /// Requires a second factor of the members, or no longer does. Nothing is recorded when nothing changes.
    pub fn require_mfa(&mut self, required: bool, now: Timestamp) {
        if let Some(change) = FieldChange::of("require_mfa", self.state.require_mfa, required) {
            self.state.require_mfa = required;
            self.state.updated_at = now;
            self.record(OrganizationFact::Updated, vec![change]);
        }
    }

    /// Records that an owner has handed it on. Whose roles change by it is recorded by the members.
    pub fn hand_on(&mut self, from: UserId, to: UserId, now: Timestamp) {
        let change = FieldChange::of("owner", from.to_string(), to.to_string());
        self.state.updated_at = now;
        self.record(OrganizationFact::OwnershipTransferred { from, to }, change.into_iter().collect());
    }

    fn record(&mut self, fact: OrganizationFact, changes: Vec<FieldChange>) {
        self.events.push(DomainEvent {
            subject: Subject {
                kind: ResourceKind::Organization,
                id: self.state.id.uuid(),
                name: self.state.name.to_string(),
            },
            project: None,
            fact: Fact::Organization(fact),
            changes,
        });
    }
}
