use chrono::TimeDelta;

use super::{MemberRole, OrganizationError, OrganizationFact};
use crate::access::OrganizationRole;
use crate::identity::Email;
use crate::text::named_enum;
use crate::{
    CustomRoleId, DomainEvent, Fact, FieldChange, InvitationId, ResourceKind, Subject, Timestamp, UserId, Version,
};

named_enum! {
    InvitationStatus {
        Pending => "pending",
        Accepted => "accepted",
        Revoked => "revoked",
        Expired => "expired",
    }
}

/// The plain data of an invitation: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationState {
    pub id: InvitationId,
    pub email: Email,
    /// The base of the custom role, where there is one.
    pub role: OrganizationRole,
    pub custom_role: Option<CustomRoleId>,
    pub invited_by: UserId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

impl InvitationState {
    pub fn status(&self, now: Timestamp) -> InvitationStatus {
        if self.accepted_at.is_some() {
            InvitationStatus::Accepted
        } else if self.revoked_at.is_some() {
            InvitationStatus::Revoked
        } else if self.expires_at <= now {
            InvitationStatus::Expired
        } else {
            InvitationStatus::Pending
        }
    }

    /// Being used up is the only change there is; expiring is none.
    pub fn version(&self) -> Version {
        if self.accepted_at.is_some() || self.revoked_at.is_some() { 2 } else { 1 }
    }
}

/// An invitation and the events its methods recorded.
#[derive(Clone, Debug)]
pub struct Invitation {
    state: InvitationState,
    events: Vec<DomainEvent>,
}

impl Invitation {
    pub const LIFETIME: TimeDelta = TimeDelta::days(7);

    pub fn create(id: InvitationId, email: Email, role: impl Into<MemberRole>, by: UserId, now: Timestamp) -> Self {
        let MemberRole { base: role, custom } = role.into();
        let state = InvitationState {
            id,
            email: email.clone(),
            role,
            custom_role: custom.as_ref().map(|role| role.id),
            invited_by: by,
            created_at: now,
            expires_at: now + Self::LIFETIME,
            accepted_at: None,
            revoked_at: None,
        };
        let mut invitation = Self { state, events: Vec::new() };
        let changes = [
            FieldChange::of("role", None::<&str>, role.as_str()),
            FieldChange::of("custom_role", None::<&str>, custom.as_ref().map(|role| role.name.as_str())),
        ];
        invitation.record(OrganizationFact::Invited { email, role }, changes.into_iter().flatten().collect());
        invitation
    }

    pub fn restore(state: InvitationState) -> Self {
        Self { state, events: Vec::new() }
    }

    pub fn state(&self) -> &InvitationState {
        &self.state
    }

    /// The state and the events, for the store that writes both.
    pub fn into_parts(self) -> (InvitationState, Vec<DomainEvent>) {
        (self.state, self.events)
    }

    /// Uses the invitation up. What follows from it is recorded by the member who joins.
    pub fn accept(&mut self, now: Timestamp) -> Result<(), OrganizationError> {
        self.ensure_pending(now)?;
        self.state.accepted_at = Some(now);
        Ok(())
    }

    pub fn revoke(&mut self, now: Timestamp) -> Result<(), OrganizationError> {
        match self.ensure_pending(now) {
            Ok(()) | Err(OrganizationError::InvitationExpired) => {}
            Err(refused) => return Err(refused),
        }
        self.state.revoked_at = Some(now);
        let email = self.state.email.clone();
        self.record(OrganizationFact::InvitationRevoked { email }, Vec::new());
        Ok(())
    }

    fn ensure_pending(&self, now: Timestamp) -> Result<(), OrganizationError> {
        match self.state.status(now) {
            InvitationStatus::Pending => Ok(()),
            InvitationStatus::Accepted => Err(OrganizationError::InvitationUsed),
            InvitationStatus::Revoked => Err(OrganizationError::InvitationRevoked),
            InvitationStatus::Expired => Err(OrganizationError::InvitationExpired),
        }
    }

    fn record(&mut self, fact: OrganizationFact, changes: Vec<FieldChange>) {
        self.events.push(DomainEvent {
            subject: Subject {
                kind: ResourceKind::Invitation,
                id: self.state.id.uuid(),
                name: self.state.email.to_string(),
            },
            project: None,
            fact: Fact::Organization(fact),
            changes,
        });
    }
}
