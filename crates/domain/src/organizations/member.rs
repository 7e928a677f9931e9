use super::{OrganizationError, OrganizationFact};
use crate::access::OrganizationRole;
use crate::{DomainEvent, Fact, FieldChange, ResourceKind, Subject, Timestamp, UserId, Version};

/// The plain data of a member: the one mapping surface for stores. `display_name` is the user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberState {
    pub user_id: UserId,
    pub display_name: String,
    pub role: OrganizationRole,
    pub version: Version,
    pub joined_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A user in an organization, and the events its methods recorded.
#[derive(Clone, Debug)]
pub struct Member {
    state: MemberState,
    events: Vec<DomainEvent>,
}

impl Member {
    /// Joins the organization: as its founder, or because `invited_by` asked them to.
    pub fn join(
        user_id: UserId,
        display_name: String,
        role: OrganizationRole,
        invited_by: Option<UserId>,
        now: Timestamp,
    ) -> Self {
        let state = MemberState { user_id, display_name, role, version: 0, joined_at: now, updated_at: now };
        let mut member = Self { state, events: Vec::new() };
        let change = FieldChange::of("role", None::<&str>, role.as_str());
        let fact = OrganizationFact::MemberJoined { user: user_id, role, invited_by };
        member.record(fact, change.into_iter().collect());
        member
    }

    pub fn restore(state: MemberState) -> Self {
        Self { state, events: Vec::new() }
    }

    pub fn state(&self) -> &MemberState {
        &self.state
    }

    /// The state and the events, for the store that writes both.
    pub fn into_parts(self) -> (MemberState, Vec<DomainEvent>) {
        (self.state, self.events)
    }

    /// Changes the role; `owners` is how many owners the organization has now.
    pub fn change_role(
        &mut self,
        role: OrganizationRole,
        owners: u64,
        now: Timestamp,
    ) -> Result<(), OrganizationError> {
        if role == self.state.role {
            return Ok(());
        }
        self.ensure_not_last_owner(owners)?;
        let change = FieldChange::of("role", self.state.role.as_str(), role.as_str());
        self.state.role = role;
        self.state.updated_at = now;
        let fact = OrganizationFact::MemberRoleChanged { user: self.state.user_id, role };
        self.record(fact, change.into_iter().collect());
        Ok(())
    }

    /// Records the removal; the store then deletes the membership. `owners` as in [`Member::change_role`].
    pub fn remove(&mut self, owners: u64) -> Result<(), OrganizationError> {
        self.ensure_not_last_owner(owners)?;
        self.record(OrganizationFact::MemberRemoved { user: self.state.user_id }, Vec::new());
        Ok(())
    }

    fn ensure_not_last_owner(&self, owners: u64) -> Result<(), OrganizationError> {
        if self.state.role == OrganizationRole::Owner && owners <= 1 {
            Err(OrganizationError::LastOwner)
        } else {
            Ok(())
        }
    }

    fn record(&mut self, fact: OrganizationFact, changes: Vec<FieldChange>) {
        self.events.push(DomainEvent {
            subject: Subject {
                kind: ResourceKind::Member,
                id: self.state.user_id.uuid(),
                name: self.state.display_name.clone(),
            },
            project: None,
            fact: Fact::Organization(fact),
            changes,
        });
    }
}
