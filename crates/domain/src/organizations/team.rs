use super::{OrganizationError, TeamFact};
use crate::text::{line_value, text_value};
use crate::{DomainEvent, Fact, FieldChange, FieldValue, ResourceKind, Subject, TeamId, Timestamp, UserId, Version};

line_value! {
    /// What people call a team.
    TeamName, 1..=100, OrganizationError, OrganizationError::TeamNameLength, OrganizationError::TeamNameCharacters
}

impl TeamName {
    /// What two names of an organization may not have in common: they would look the same.
    pub fn key(&self) -> String {
        self.as_str().to_lowercase()
    }
}

text_value! {
    /// What a team is for. An empty one is no description.
    TeamDescription, 500, OrganizationError, OrganizationError::TeamDescriptionLength,
    OrganizationError::TeamDescriptionCharacters
}

/// The plain data of a team: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamState {
    pub id: TeamId,
    pub name: TeamName,
    pub description: Option<TeamDescription>,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Changes to the fields of a team: `None` leaves a field as it is, `Some(None)` clears it.
#[derive(Clone, Debug, Default)]
pub struct TeamEdit {
    pub name: Option<TeamName>,
    pub description: Option<Option<TeamDescription>>,
}

/// A named set of members, and the events its methods recorded. Who comes and who goes counts as a change of the team.
#[derive(Clone, Debug)]
pub struct Team {
    state: TeamState,
    events: Vec<DomainEvent>,
}

impl Team {
    /// How many teams an organization has at most.
    pub const MAX_TEAMS: u64 = 200;
    /// How many members a team has at most.
    pub const MAX_MEMBERS: u64 = 500;
    /// In how many projects a team is at most.
    pub const MAX_PROJECTS: u64 = 1_000;

    /// Makes a team; `teams` is how many the organization has now.
    pub fn create(
        id: TeamId,
        name: TeamName,
        description: Option<TeamDescription>,
        teams: u64,
        now: Timestamp,
    ) -> Result<Self, OrganizationError> {
        if teams >= Self::MAX_TEAMS {
            return Err(OrganizationError::TooManyTeams);
        }
        let state = TeamState { id, name, description, version: 0, created_at: now, updated_at: now };
        let mut team = Self { state, events: Vec::new() };
        team.record(TeamFact::Created, Vec::new());
        Ok(team)
    }

    pub fn restore(state: TeamState) -> Self {
        Self { state, events: Vec::new() }
    }

    pub fn state(&self) -> &TeamState {
        &self.state
    }

    /// The state and the events, for the store that writes both.
    pub fn into_parts(self) -> (TeamState, Vec<DomainEvent>) {
        (self.state, self.events)
    }

    /// Changes fields. Nothing is recorded when nothing changes.
    pub fn edit(&mut self, edit: TeamEdit, now: Timestamp) {
        let text = |description: &Option<TeamDescription>| -> FieldValue {
            description.as_ref().map(TeamDescription::as_str).map(str::to_owned).into()
        };
        let before = self.state.clone();
        if let Some(name) = edit.name {
            self.state.name = name;
        }
        if let Some(description) = edit.description {
            self.state.description = description;
        }
        let changes = [
            FieldChange::of("name", before.name.as_str(), self.state.name.as_str()),
            FieldChange::of("description", text(&before.description), text(&self.state.description)),
        ];
        let changes: Vec<_> = changes.into_iter().flatten().collect();
        if !changes.is_empty() {
            self.state.updated_at = now;
            self.record(TeamFact::Updated, changes);
        }
    }

    /// Records the deletion; the store removes the team with its memberships and its roles in projects.
    pub fn delete(&mut self) {
        self.record(TeamFact::Deleted, Vec::new());
    }

    /// Records that somebody comes who was no member; `members` is how many it has now.
    pub fn add_member(&mut self, user: UserId, members: u64, now: Timestamp) -> Result<(), OrganizationError> {
        if members >= Self::MAX_MEMBERS {
            return Err(OrganizationError::TooManyTeamMembers);
        }
        self.state.updated_at = now;
        let change = FieldChange::of("user_id", None::<String>, user.to_string());
        self.record(TeamFact::MemberAdded { user }, change.into_iter().collect());
        Ok(())
    }

    /// Records that a member goes.
    pub fn remove_member(&mut self, user: UserId, now: Timestamp) {
        self.state.updated_at = now;
        let change = FieldChange::of("user_id", user.to_string(), None::<String>);
        self.record(TeamFact::MemberRemoved { user }, change.into_iter().collect());
    }

    /// Whether it can be added to one more project; `projects` is in how many it is now.
    pub fn ensure_room_for_project(&self, projects: u64) -> Result<(), OrganizationError> {
        if projects >= Self::MAX_PROJECTS { Err(OrganizationError::TeamInTooManyProjects) } else { Ok(()) }
    }

    fn record(&mut self, fact: TeamFact, changes: Vec<FieldChange>) {
        self.events.push(DomainEvent {
            subject: Subject { kind: ResourceKind::Team, id: self.state.id.uuid(), name: self.state.name.to_string() },
            project: None,
            fact: Fact::Team(fact),
            changes,
        });
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone, Utc};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 21, 9, 30, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    fn name(text: &str) -> TeamName {
        TeamName::parse(text).unwrap()
    }

    fn team() -> Team {
        let id = TeamId::new(Uuid::from_u128(7));
        Team::restore(Team::create(id, name("Platform"), None, 0, at(0)).unwrap().state().clone())
    }

    /// What was recorded: each fact with the fields that changed.
    fn told(team: Team) -> Vec<(TeamFact, Vec<&'static str>)> {
        let told = team.into_parts().1.into_iter().map(|event| {
            assert_eq!((event.subject.kind, event.project), (ResourceKind::Team, None));
            let Fact::Team(fact) = event.fact else { panic!("a team recorded {:?}", event.fact) };
            (fact, event.changes.iter().map(|change| change.field).collect())
        });
        told.collect()
    }

    #[test]
    fn an_edit_is_recorded_when_it_changes_something() {
        let mut team = team();
        team.edit(TeamEdit { name: Some(name(" Platform ")), description: Some(None) }, at(1));
        assert_eq!(team.state().updated_at, at(0));
        let description = TeamDescription::parse("What all stand on.").unwrap();
        team.edit(TeamEdit { name: Some(name("Base")), description: Some(description) }, at(2));
        team.edit(TeamEdit { name: None, description: Some(None) }, at(3));
        assert_eq!((team.state().name.as_str(), team.state().updated_at), ("Base", at(3)));
        let told = told(team);
        let expected = [(TeamFact::Updated, vec!["name", "description"]), (TeamFact::Updated, vec!["description"])];
        assert_eq!(told, expected);
    }

    #[test]
    fn who_comes_and_goes_changes_the_team() {
        let mut team = team();
        let user = UserId::new(Uuid::from_u128(1));
        team.add_member(user, Team::MAX_MEMBERS - 1, at(1)).unwrap();
        assert_eq!(team.add_member(user, Team::MAX_MEMBERS, at(2)), Err(OrganizationError::TooManyTeamMembers));
        assert_eq!(team.state().updated_at, at(1));
        team.remove_member(user, at(3));
        team.delete();
        assert_eq!(team.state().updated_at, at(3));
        let user_id = || vec!["user_id"];
        let expected = [
            (TeamFact::MemberAdded { user }, user_id()),
            (TeamFact::MemberRemoved { user }, user_id()),
            (TeamFact::Deleted, vec![]),
        ];
        assert_eq!(told(team), expected);
    }

    #[test]
    fn there_is_an_end_to_teams_and_to_their_projects() {
        let create = |teams| Team::create(TeamId::new(Uuid::from_u128(8)), name("One more"), None, teams, at(0));
        assert_eq!(told(create(Team::MAX_TEAMS - 1).unwrap()), [(TeamFact::Created, vec![])]);
        assert_eq!(create(Team::MAX_TEAMS).unwrap_err(), OrganizationError::TooManyTeams);
        assert_eq!(team().ensure_room_for_project(Team::MAX_PROJECTS - 1), Ok(()));
        let full = team().ensure_room_for_project(Team::MAX_PROJECTS);
        assert_eq!(full, Err(OrganizationError::TeamInTooManyProjects));
    }

    #[test]
    fn names_and_descriptions_have_bounds() {
        assert_eq!(TeamName::parse(" "), Err(OrganizationError::TeamNameLength));
        assert_eq!(TeamName::parse(&"x".repeat(101)), Err(OrganizationError::TeamNameLength));
        assert_eq!(TeamName::parse("a\tb"), Err(OrganizationError::TeamNameCharacters));
        assert_eq!(TeamDescription::parse(" "), Ok(None));
        assert_eq!(TeamDescription::parse(&"x".repeat(501)), Err(OrganizationError::TeamDescriptionLength));
        assert_eq!(TeamDescription::parse("\u{7}"), Err(OrganizationError::TeamDescriptionCharacters));
    }

    proptest! {
        #[test]
        fn the_key_of_a_name_fits_where_it_is_stored(raw in ".{0,110}") {
            if let Ok(name) = TeamName::parse(&raw) {
                // The column takes three times as many: lower case may take more characters than upper case.
                prop_assert!(name.key().chars().count() <= 3 * TeamName::MAX_CHARS);
                let lower = TeamName::restore(name.key());
                prop_assert_eq!(lower.key(), name.key());
            }
        }
    }
}
