use chrono::TimeDelta;

use super::{IdentityFact, TokenHash};
use crate::{DomainEvent, Fact, OrganizationId, ResourceKind, SessionId, Subject, Timestamp, UserId};

/// Where a session was started from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    pub address: Option<String>,
    pub user_agent: Option<String>,
}

/// The plain data of a session: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionState {
    pub id: SessionId,
    pub user_id: UserId,
    pub organization_id: OrganizationId,
    pub refresh_hash: TokenHash,
    pub client: Client,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// A session and the events its methods recorded.
#[derive(Clone, Debug)]
pub struct Session {
    state: SessionState,
    events: Vec<DomainEvent>,
}

impl Session {
    /// How long a session lives without being refreshed.
    pub const LIFETIME: TimeDelta = TimeDelta::days(30);

    pub fn start(
        id: SessionId,
        user_id: UserId,
        organization_id: OrganizationId,
        refresh_hash: TokenHash,
        client: Client,
        now: Timestamp,
    ) -> Self {
        let state = SessionState {
            id,
            user_id,
            organization_id,
            refresh_hash,
            client,
            created_at: now,
            last_used_at: now,
            expires_at: now + Self::LIFETIME,
            revoked_at: None,
        };
        let mut session = Self { state, events: Vec::new() };
        session.record(IdentityFact::SignedIn);
        session
    }

    pub fn restore(state: SessionState) -> Self {
        Self { state, events: Vec::new() }
    }

    pub fn state(&self) -> &SessionState {
        &self.state
    }

    /// The state and the events, for the store that writes both.
    pub fn into_parts(self) -> (SessionState, Vec<DomainEvent>) {
        (self.state, self.events)
    }

    pub fn is_live(&self, now: Timestamp) -> bool {
        self.state.revoked_at.is_none() && now < self.state.expires_at
    }

    /// Replaces the refresh token and begins the session's lifetime anew.
    pub fn rotate(&mut self, refresh_hash: TokenHash, now: Timestamp) {
        self.state.refresh_hash = refresh_hash;
        self.state.last_used_at = now;
        self.state.expires_at = now + Self::LIFETIME;
    }

    /// Puts the session into another organization of its user.
    pub fn switch(&mut self, organization_id: OrganizationId) {
        if self.state.organization_id != organization_id {
            self.state.organization_id = organization_id;
            self.record(IdentityFact::OrganizationSwitched);
        }
    }

    /// Ends the session. Ending it twice is the same as once.
    pub fn revoke(&mut self, now: Timestamp) {
        if self.state.revoked_at.is_none() {
            self.state.revoked_at = Some(now);
            self.record(IdentityFact::SignedOut);
        }
    }

    fn record(&mut self, fact: IdentityFact) {
        self.events.push(DomainEvent {
            subject: Subject {
                kind: ResourceKind::Session,
                id: self.state.id.uuid(),
                name: self.state.client.user_agent.clone().unwrap_or_else(|| "session".to_owned()),
            },
            project: None,
            fact: Fact::Identity(fact),
            changes: Vec::new(),
        });
    }
}
