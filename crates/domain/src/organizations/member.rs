use super::{HeldRole, MemberRole, OrganizationError, OrganizationFact};
use crate::access::{OrganizationAccess, OrganizationRole};
use crate::text::named_enum;
use crate::{DomainEvent, Fact, FieldChange, ResourceKind, Subject, Timestamp, UserId, Version};

named_enum! {
    /// Whether a member has access.
    MemberStatus {
        Active => "active",
        Suspended => "suspended",
        /// The operator has deactivated the user, who has access nowhere.
        Deactivated => "deactivated",
    }
}

impl MemberStatus {
    /// What the operator says outranks what the organization does.
    pub fn of(suspended_at: Option<Timestamp>, deactivated_at: Option<Timestamp>) -> Self {
        match (suspended_at, deactivated_at) {
            (_, Some(_)) => Self::Deactivated,
            (Some(_), None) => Self::Suspended,
            (None, None) => Self::Active,
        }
    }
}

/// The plain data of a member: the one mapping surface for stores. `display_name` and `deactivated_at` are the user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberState {
    pub user_id: UserId,
    pub display_name: String,
    /// The base of the custom role, where there is one.
    pub role: OrganizationRole,
    pub custom_role: Option<HeldRole>,
    /// Since when they have no access.
    pub suspended_at: Option<Timestamp>,
    /// Since when the operator keeps them out, here as everywhere.
    pub deactivated_at: Option<Timestamp>,
    pub version: Version,
    pub joined_at: Timestamp,
    pub updated_at: Timestamp,
}

impl MemberState {
    pub fn is_active(&self) -> bool {
        self.status() == MemberStatus::Active
    }

    pub fn status(&self) -> MemberStatus {
        MemberStatus::of(self.suspended_at, self.deactivated_at)
    }

    /// The role that counts now: who is suspended or deactivated has none.
    pub fn active_role(&self) -> Option<OrganizationRole> {
        self.is_active().then_some(self.role)
    }

    /// What their role lets them do, suspended or not.
    pub fn access(&self) -> OrganizationAccess {
        MemberRole { base: self.role, custom: self.custom_role.clone() }.access()
    }

    /// What they may do now: who is suspended or deactivated has no access.
    pub fn active_access(&self) -> Option<OrganizationAccess> {
        self.is_active().then(|| self.access())
    }
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
        role: impl Into<MemberRole>,
        invited_by: Option<UserId>,
        now: Timestamp,
    ) -> Self {
        let MemberRole { base: role, custom: custom_role } = role.into();
        let changes = [
            FieldChange::of("role", None::<&str>, role.as_str()),
            FieldChange::of("custom_role", None::<&str>, name_of(custom_role.as_ref())),
        ];
        let state = MemberState {
            user_id,
            display_name,
            role,
            custom_role,
            suspended_at: None,
            deactivated_at: None,
            version: 0,
            joined_at: now,
            updated_at: now,
        };
        let mut member = Self { state, events: Vec::new() };
        let fact = OrganizationFact::MemberJoined { user: user_id, role, invited_by };
        member.record(fact, changes.into_iter().flatten().collect());
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

    /// Changes the role; `owners` is how many owners the organization has now who have access.
    pub fn change_role(
        &mut self,
        role: impl Into<MemberRole>,
        owners: u64,
        now: Timestamp,
    ) -> Result<(), OrganizationError> {
        let MemberRole { base: role, custom: custom_role } = role.into();
        let changes = [
            FieldChange::of("role", self.state.role.as_str(), role.as_str()),
            FieldChange::of("custom_role", name_of(self.state.custom_role.as_ref()), name_of(custom_role.as_ref())),
        ];
        let changes: Vec<_> = changes.into_iter().flatten().collect();
        if changes.is_empty() {
            return Ok(());
        }
        self.ensure_not_last_owner(owners)?;
        self.state.role = role;
        self.state.custom_role = custom_role;
        self.state.updated_at = now;
        self.record(OrganizationFact::MemberRoleChanged { user: self.state.user_id, role }, changes);
        Ok(())
    }

    /// Records the removal; the store then deletes the membership. `owners` as in [`Member::change_role`].
    pub fn remove(&mut self, owners: u64) -> Result<(), OrganizationError> {
        self.ensure_not_last_owner(owners)?;
        self.record(OrganizationFact::MemberRemoved { user: self.state.user_id }, Vec::new());
        Ok(())
    }

    /// Takes the access away, and nothing else: they get back what they had. `owners` as in [`Member::change_role`].
    pub fn suspend(&mut self, owners: u64, now: Timestamp) -> Result<(), OrganizationError> {
        if self.state.suspended_at.is_some() {
            return Err(OrganizationError::AlreadySuspended);
        }
        self.ensure_not_last_owner(owners)?;
        self.set_suspended(Some(now), OrganizationFact::MemberSuspended { user: self.state.user_id }, now);
        Ok(())
    }

    pub fn unsuspend(&mut self, now: Timestamp) -> Result<(), OrganizationError> {
        if self.state.suspended_at.is_none() {
            return Err(OrganizationError::NotSuspended);
        }
        self.set_suspended(None, OrganizationFact::MemberUnsuspended { user: self.state.user_id }, now);
        Ok(())
    }

    fn set_suspended(&mut self, since: Option<Timestamp>, fact: OrganizationFact, now: Timestamp) {
        let change = FieldChange::of("suspended_at", self.state.suspended_at, since);
        self.state.suspended_at = since;
        self.state.updated_at = now;
        self.record(fact, change.into_iter().collect());
    }

    fn ensure_not_last_owner(&self, owners: u64) -> Result<(), OrganizationError> {
        if self.state.active_role() == Some(OrganizationRole::Owner) && owners <= 1 {
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

fn name_of(role: Option<&HeldRole>) -> Option<&str> {
    role.map(|role| role.name.as_str())
}
