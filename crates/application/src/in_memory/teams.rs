use async_trait::async_trait;
use tenon_domain::organizations::{Team, TeamState};
use tenon_domain::projects::GivenRole;
use tenon_domain::{ProjectId, TeamId, Timestamp, UserId};

use super::data::next_version;
use super::unit::MemoryUnit;
use crate::documents::Resource;
use crate::organizations::TeamRepository;
use crate::unit_of_work::StoreError;

impl MemoryUnit {
    fn own_teams(&self) -> Result<impl Iterator<Item = &TeamState>, StoreError> {
        let tenant = self.tenant()?;
        Ok(self.data.teams.iter().filter(move |(org, _)| *org == tenant).map(|(_, it)| it))
    }

    fn members_of(&self, team: TeamId) -> Vec<UserId> {
        self.data.team_members.iter().filter(|(id, ..)| *id == team).map(|(_, user, _)| *user).collect()
    }

    /// Takes a user, who leaves the organization, out of its teams.
    pub(super) fn leave_teams(&mut self, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        let teams: Vec<TeamId> = self.own_teams()?.map(|it| it.id).collect();
        let left: Vec<TeamId> = teams.into_iter().filter(|team| self.members_of(*team).contains(&user)).collect();
        for (_, team) in self.data.teams.iter_mut().filter(|(_, it)| left.contains(&it.id)) {
            (team.version, team.updated_at) = (team.version + 1, now);
        }
        self.data.team_members.retain(|(team, who, _)| *who != user || !left.contains(team));
        self.touch([Resource::TeamProjects(user)]);
        Ok(())
    }
}

#[async_trait]
impl TeamRepository for MemoryUnit {
    async fn find(&mut self, id: TeamId) -> Result<Option<Team>, StoreError> {
        Ok(self.own_teams()?.find(|it| it.id == id).cloned().map(Team::restore))
    }

    async fn save(&mut self, team: Team) -> Result<TeamState, StoreError> {
        let tenant = self.tenant()?;
        let (mut state, events) = team.into_parts();
        if events.is_empty() {
            return Ok(state);
        }
        if self.own_teams()?.any(|it| it.name.key() == state.name.key() && it.id != state.id) {
            return Err(StoreError::Duplicate("name".to_owned()));
        }
        let stored = self.own_teams()?.find(|it| it.id == state.id).map(|it| it.version);
        state.version = next_version(state.version, stored)?;
        self.data.teams.retain(|(_, it)| it.id != state.id);
        self.data.teams.push((tenant, state.clone()));
        self.tell(events);
        Ok(state)
    }

    async fn remove(&mut self, team: Team) -> Result<(), StoreError> {
        let (state, events) = team.into_parts();
        let members = self.members_of(state.id);
        self.touch(members.into_iter().map(Resource::TeamProjects));
        self.data.teams.retain(|(_, it)| it.id != state.id);
        self.data.team_members.retain(|(team, ..)| *team != state.id);
        self.data.team_roles.retain(|(_, team, _)| *team != state.id);
        self.tell(events);
        Ok(())
    }

    async fn count(&mut self) -> Result<u64, StoreError> {
        Ok(self.own_teams()?.count() as u64)
    }

    async fn members(&mut self, id: TeamId) -> Result<Vec<UserId>, StoreError> {
        Ok(self.members_of(id))
    }

    async fn count_members(&mut self, id: TeamId) -> Result<u64, StoreError> {
        Ok(self.members_of(id).len() as u64)
    }

    async fn member_since(&mut self, id: TeamId, user: UserId) -> Result<Option<Timestamp>, StoreError> {
        let found = self.data.team_members.iter().find(|(team, who, _)| (*team, *who) == (id, user));
        Ok(found.map(|(_, _, since)| *since))
    }

    async fn add_member(&mut self, id: TeamId, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        self.data.team_members.push((id, user, now));
        Ok(())
    }

    async fn remove_member(&mut self, id: TeamId, user: UserId) -> Result<(), StoreError> {
        self.data.team_members.retain(|(team, who, _)| (*team, *who) != (id, user));
        Ok(())
    }

    async fn projects(&mut self, id: TeamId) -> Result<Vec<ProjectId>, StoreError> {
        Ok(self.data.team_roles.iter().filter(|(_, team, _)| *team == id).map(|(project, ..)| *project).collect())
    }

    async fn role_in_project(&mut self, id: TeamId, project: ProjectId) -> Result<Option<GivenRole>, StoreError> {
        let found = self.data.team_roles.iter().find(|(at, team, _)| (*at, *team) == (project, id));
        Ok(found.map(|(_, _, role)| *role))
    }

    async fn set_role_in_project(
        &mut self,
        id: TeamId,
        project: ProjectId,
        role: Option<GivenRole>,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        self.data.team_roles.retain(|(at, team, _)| (*at, *team) != (project, id));
        self.data.team_roles.extend(role.map(|role| (project, id, role)));
        Ok(())
    }

    async fn count_in_project(&mut self, project: ProjectId) -> Result<u64, StoreError> {
        Ok(self.data.team_roles.iter().filter(|(at, ..)| *at == project).count() as u64)
    }
}
