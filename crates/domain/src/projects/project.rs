use super::{GivenRole, ProjectDescription, ProjectError, ProjectFact, ProjectKey, ProjectName};
use crate::access::Visibility;
use crate::{
    DomainEvent, Fact, FieldChange, FieldValue, ProjectId, ResourceKind, Subject, TeamId, Timestamp, UserId, Version,
};

/// The plain data of a project: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectState {
    pub id: ProjectId,
    pub key: ProjectKey,
    pub name: ProjectName,
    pub description: Option<ProjectDescription>,
    pub visibility: Visibility,
    pub lead_id: Option<UserId>,
    pub archived_at: Option<Timestamp>,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// All that a new project is made of.
#[derive(Clone, Debug)]
pub struct NewProject {
    pub id: ProjectId,
    pub key: ProjectKey,
    pub name: ProjectName,
    pub description: Option<ProjectDescription>,
    pub visibility: Visibility,
    pub lead_id: Option<UserId>,
}

/// Changes to the fields of a project: `None` leaves a field as it is, `Some(None)` clears it.
#[derive(Clone, Debug, Default)]
pub struct ProjectEdit {
    pub name: Option<ProjectName>,
    pub description: Option<Option<ProjectDescription>>,
    pub visibility: Option<Visibility>,
    pub lead_id: Option<Option<UserId>>,
}

/// A project and the events its methods recorded.
#[derive(Clone, Debug)]
pub struct Project {
    state: ProjectState,
    events: Vec<DomainEvent>,
}

impl Project {
    /// How many teams are in a project at most.
    pub const MAX_TEAMS: u64 = 50;

    pub fn create(new: NewProject, now: Timestamp) -> Self {
        let mut project = Self {
            state: ProjectState {
                id: new.id,
                key: new.key,
                name: new.name,
                description: new.description,
                visibility: new.visibility,
                lead_id: new.lead_id,
                archived_at: None,
                version: 0,
                created_at: now,
                updated_at: now,
            },
            events: Vec::new(),
        };
        project.record(ProjectFact::Created, Vec::new());
        project
    }

    pub fn restore(state: ProjectState) -> Self {
        Self { state, events: Vec::new() }
    }

    pub fn state(&self) -> &ProjectState {
        &self.state
    }

    /// The state and the events, for the store that writes both.
    pub fn into_parts(self) -> (ProjectState, Vec<DomainEvent>) {
        (self.state, self.events)
    }

    /// Refuses when the project is archived: its tasks and settings do not change then.
    pub fn ensure_active(&self) -> Result<(), ProjectError> {
        if self.state.archived_at.is_some() { Err(ProjectError::Archived) } else { Ok(()) }
    }

    /// Changes fields. Nothing is recorded when nothing changes.
    pub fn edit(&mut self, edit: ProjectEdit, now: Timestamp) -> Result<(), ProjectError> {
        self.ensure_active()?;
        let before = self.state.clone();
        let state = &mut self.state;
        if let Some(name) = edit.name {
            state.name = name;
        }
        if let Some(description) = edit.description {
            state.description = description;
        }
        if let Some(visibility) = edit.visibility {
            state.visibility = visibility;
        }
        if let Some(lead_id) = edit.lead_id {
            state.lead_id = lead_id;
        }
        let changes = field_changes(&before, &self.state);
        if !changes.is_empty() {
            self.state.updated_at = now;
            self.record(ProjectFact::Updated, changes);
        }
        Ok(())
    }

    /// Takes the lead away from who does not belong to the project any more, archived or not.
    pub fn end_lead(&mut self, now: Timestamp) {
        let lead = self.state.lead_id.take().map(|id| id.to_string());
        if let Some(change) = FieldChange::of("lead_id", lead, None::<String>) {
            self.state.updated_at = now;
            self.record(ProjectFact::Updated, vec![change]);
        }
    }

    pub fn archive(&mut self, now: Timestamp) -> Result<(), ProjectError> {
        if self.state.archived_at.is_some() {
            return Err(ProjectError::AlreadyArchived);
        }
        self.state.archived_at = Some(now);
        self.state.updated_at = now;
        self.record(ProjectFact::Archived, Vec::new());
        Ok(())
    }

    pub fn unarchive(&mut self, now: Timestamp) -> Result<(), ProjectError> {
        if self.state.archived_at.take().is_none() {
            return Err(ProjectError::NotArchived);
        }
        self.state.updated_at = now;
        self.record(ProjectFact::Unarchived, Vec::new());
        Ok(())
    }

    /// Records the deletion; the store removes the project with all that is in it.
    pub fn delete(&mut self) {
        self.record(ProjectFact::Deleted, Vec::new());
    }

    /// Records what `before` → `after` means for a member's explicit role.
    pub fn set_member(&mut self, user: UserId, before: Option<GivenRole>, after: Option<GivenRole>) {
        let fact = match (before, after) {
            (None, Some(role)) => ProjectFact::MemberAdded { user, role },
            (_, Some(role)) => ProjectFact::MemberRoleChanged { user, role },
            (_, None) => ProjectFact::MemberRemoved { user },
        };
        self.record_role(fact, "user_id", user.to_string(), before, after);
    }

    /// The same for the role of a team with these `members`; `teams` is how many are in the project now.
    pub fn set_team(
        &mut self,
        team: TeamId,
        members: Vec<UserId>,
        before: Option<GivenRole>,
        after: Option<GivenRole>,
        teams: u64,
    ) -> Result<(), ProjectError> {
        let fact = match (before, after) {
            (None, Some(_)) if teams >= Self::MAX_TEAMS => return Err(ProjectError::TooManyTeams),
            (None, Some(role)) => ProjectFact::TeamAdded { team, role, members },
            (_, Some(role)) => ProjectFact::TeamRoleChanged { team, role },
            (_, None) => ProjectFact::TeamRemoved { team, members },
        };
        self.record_role(fact, "team_id", team.to_string(), before, after);
        Ok(())
    }

    fn record_role(
        &mut self,
        fact: ProjectFact,
        field: &'static str,
        whose: String,
        before: Option<GivenRole>,
        after: Option<GivenRole>,
    ) {
        if before == after {
            return;
        }
        let role = |given: Option<GivenRole>| given.map(|given| given.role().as_str());
        let custom = |given: Option<GivenRole>| given.and_then(GivenRole::custom).map(|id| id.to_string());
        let changes = [
            Some(FieldChange { field, from: FieldValue::Nothing, to: whose.into() }),
            FieldChange::of("role", role(before), role(after)),
            FieldChange::of("custom_role_id", custom(before), custom(after)),
        ];
        self.record(fact, changes.into_iter().flatten().collect());
    }

    fn record(&mut self, fact: ProjectFact, changes: Vec<FieldChange>) {
        self.events.push(DomainEvent {
            subject: Subject {
                kind: ResourceKind::Project,
                id: self.state.id.uuid(),
                name: format!("{} {}", self.state.key, self.state.name),
            },
            project: Some(self.state.id),
            fact: Fact::Project(fact),
            changes,
        });
    }
}

fn field_changes(before: &ProjectState, after: &ProjectState) -> Vec<FieldChange> {
    let description = |state: &ProjectState| -> FieldValue {
        state.description.as_ref().map(ProjectDescription::as_str).map(str::to_owned).into()
    };
    let lead = |state: &ProjectState| -> FieldValue { state.lead_id.map(|id| id.to_string()).into() };
    [
        FieldChange::of("name", before.name.as_str(), after.name.as_str()),
        FieldChange::of("description", description(before), description(after)),
        FieldChange::of("visibility", before.visibility.as_str(), after.visibility.as_str()),
        FieldChange::of("lead_id", lead(before), lead(after)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
