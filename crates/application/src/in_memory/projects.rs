use async_trait::async_trait;
use tenon_domain::access::{OrganizationRole, Permissions, ProjectAccess, ProjectRole, Visibility};
use tenon_domain::identity::UserKind;
use tenon_domain::organizations::MemberState;
use tenon_domain::projects::{GivenRole, Project, ProjectState, Workflow};
use tenon_domain::tasks::Assignees;
use tenon_domain::{ProjectId, TeamId, Timestamp, UserId};

use super::data::{Data, next_version};
use super::unit::MemoryUnit;
use crate::documents::Resource;
use crate::projects::{ProjectRef, ProjectRepository};
use crate::unit_of_work::StoreError;

impl MemoryUnit {
    fn visible_projects(&self) -> Result<impl Iterator<Item = &ProjectState>, StoreError> {
        let tenant = self.tenant()?;
        Ok(self.data.projects.iter().filter(move |(org, _)| *org == tenant).map(|(_, it)| it))
    }

    /// Those who manage a project themselves, and can.
    fn managers(&self, id: ProjectId) -> Result<Vec<UserId>, StoreError> {
        let tenant = self.tenant()?;
        let can = |user: UserId| {
            let mut members = self.data.active_members().filter(|(org, _)| *org == tenant);
            let is_program = self.data.users.iter().any(|it| it.id == user && it.kind == UserKind::Service);
            !is_program && members.any(|(_, it)| it.user_id == user && it.role != OrganizationRole::Guest)
        };
        let managers = self.data.roles.iter().filter(|(project, _, role)| *project == id && *role == MANAGER);
        Ok(managers.map(|(_, user, _)| *user).filter(|user| can(*user)).collect())
    }

    /// Who sees a project, or would if they were active.
    fn insiders_or_inactive(&self, id: ProjectId) -> Result<impl Iterator<Item = &MemberState>, StoreError> {
        let tenant = self.tenant()?;
        let visibility = self.visible_projects()?.find(|it| it.id == id).map(|it| it.visibility);
        let members = self.data.members.iter().filter(move |(org, _)| *org == tenant).map(|(_, it)| it);
        Ok(members.filter(move |it| {
            let explicit = self.data.explicit(id, it.user_id);
            visibility.is_some_and(|visibility| {
                ProjectAccess { organization_role: it.role, visibility, explicit }.is_visible()
            })
        }))
    }
}

impl Data {
    /// What the user was given in the project: themselves, and by their teams.
    pub(super) fn explicit(&self, project: ProjectId, user: UserId) -> Option<Permissions> {
        let is_in = |team: TeamId| self.team_members.iter().any(|(id, who, _)| (*id, *who) == (team, user));
        let by_teams = self.team_roles.iter().filter(|(id, team, _)| *id == project && is_in(*team));
        let roles = self.explicit_role(project, user).into_iter().chain(by_teams.map(|(_, _, role)| *role));
        roles.map(|role| self.permissions(role)).reduce(Permissions::union)
    }

    fn permissions(&self, role: GivenRole) -> Permissions {
        let custom = self.custom_roles.iter().find(|(_, it)| Some(it.id) == role.custom());
        custom.map_or_else(|| role.role().permissions(), |(_, it)| it.permissions)
    }

    fn explicit_role(&self, project: ProjectId, user: UserId) -> Option<GivenRole> {
        self.roles.iter().find(|(id, who, _)| *id == project && *who == user).map(|(_, _, role)| *role)
    }
}

const MANAGER: GivenRole = GivenRole::System(ProjectRole::Manager);

#[async_trait]
impl ProjectRepository for MemoryUnit {
    async fn resolve(&mut self, project: &ProjectRef) -> Result<Option<ProjectId>, StoreError> {
        let found = self.visible_projects()?.find(|it| match project {
            ProjectRef::Id(id) => it.id == *id,
            ProjectRef::Key(key) => it.key == *key,
        });
        Ok(found.map(|it| it.id))
    }

    async fn find_for(
        &mut self,
        id: ProjectId,
        user: UserId,
    ) -> Result<Option<(Project, Option<Permissions>)>, StoreError> {
        let found = self.visible_projects()?.find(|it| it.id == id).cloned();
        Ok(found.map(|state| (Project::restore(state), self.data.explicit(id, user))))
    }

    async fn create(&mut self, project: Project, _: &Workflow) -> Result<ProjectState, StoreError> {
        if self.visible_projects()?.any(|it| it.key == project.state().key) {
            return Err(StoreError::Duplicate("key".to_owned()));
        }
        self.save(project).await
    }

    async fn save(&mut self, project: Project) -> Result<ProjectState, StoreError> {
        let tenant = self.tenant()?;
        let (mut state, events) = project.into_parts();
        let stored = self.visible_projects()?.find(|it| it.id == state.id).map(|it| it.version);
        state.version = next_version(state.version, stored)?;
        self.data.projects.retain(|(_, it)| it.id != state.id);
        self.data.projects.push((tenant, state.clone()));
        self.tell(events);
        Ok(state)
    }

    async fn delete(&mut self, project: Project) -> Result<(), StoreError> {
        let (state, events) = project.into_parts();
        self.data.projects.retain(|(_, it)| it.id != state.id);
        self.data.tasks.retain(|(_, it)| it.project_id != state.id);
        self.data.roles.retain(|(id, _, _)| *id != state.id);
        self.data.team_roles.retain(|(id, _, _)| *id != state.id);
        self.tell(events);
        Ok(())
    }

    async fn workflow(&mut self, _: ProjectId) -> Result<Workflow, StoreError> {
        Ok(Workflow::standard())
    }

    async fn role(&mut self, id: ProjectId, user: UserId) -> Result<Option<GivenRole>, StoreError> {
        Ok(self.data.explicit_role(id, user))
    }

    async fn set_role(
        &mut self,
        id: ProjectId,
        user: UserId,
        role: Option<GivenRole>,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        self.data.roles.retain(|(project, who, _)| (*project, *who) != (id, user));
        self.data.roles.extend(role.map(|role| (id, user, role)));
        Ok(())
    }

    async fn count_managers(&mut self, id: ProjectId, apart: Option<UserId>) -> Result<u64, StoreError> {
        Ok(self.managers(id)?.into_iter().filter(|it| Some(*it) != apart).count() as u64)
    }

    async fn insiders(&mut self, id: ProjectId, users: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        let tenant = self.tenant()?;
        let active = self.insiders_or_inactive(id)?.filter(|it| self.data.up_to_date(tenant, it).is_active());
        Ok(active.map(|it| it.user_id).filter(|user| users.contains(user)).collect())
    }

    async fn insiders_of_all(
        &mut self,
        projects: &[ProjectId],
        users: &[UserId],
    ) -> Result<Vec<(ProjectId, UserId)>, StoreError> {
        let mut pairs = Vec::new();
        for project in projects {
            pairs.extend(self.insiders(*project, users).await?.into_iter().map(|user| (*project, user)));
        }
        Ok(pairs)
    }

    async fn unassign_outsiders(&mut self, id: ProjectId, now: Timestamp) -> Result<(), StoreError> {
        let insiders: Vec<UserId> = self.insiders_or_inactive(id)?.map(|it| it.user_id).collect();
        let mut changed = Vec::new();
        for (_, task) in self.data.tasks.iter_mut().filter(|(_, it)| it.project_id == id) {
            let remaining: Vec<UserId> =
                task.assignees.as_slice().iter().copied().filter(|user| insiders.contains(user)).collect();
            if remaining.len() < task.assignees.as_slice().len() {
                (task.assignees, task.version, task.updated_at) =
                    (Assignees::restore(remaining), task.version + 1, now);
                changed.push(Resource::Task(task.id));
            }
        }
        self.touch(changed);
        Ok(())
    }

    async fn release_outsiders(
        &mut self,
        projects: &[ProjectId],
        users: &[UserId],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for id in projects {
            self.unassign_outsiders(*id, now).await?;
            let insiders: Vec<UserId> = self.insiders_or_inactive(*id)?.map(|it| it.user_id).collect();
            let led = self.data.projects.iter_mut().map(|(_, it)| it).filter(|it| it.id == *id);
            let is_lost = |lead: UserId| users.contains(&lead) && !insiders.contains(&lead);
            for project in led.filter(|it| it.visibility == Visibility::Private && it.lead_id.is_some_and(is_lost)) {
                (project.lead_id, project.version, project.updated_at) = (None, project.version + 1, now);
            }
        }
        Ok(())
    }

    async fn hand_on(&mut self, user: UserId, heir: UserId, _: Timestamp) -> Result<(), StoreError> {
        let theirs = self.data.roles.iter().filter(|(_, who, role)| *who == user && *role == MANAGER);
        for id in theirs.map(|(id, _, _)| *id).collect::<Vec<_>>() {
            let is_private =
                self.data.projects.iter().any(|(_, it)| it.id == id && it.visibility == Visibility::Private);
            if is_private && self.managers(id)?.into_iter().all(|it| it == user) {
                self.data.roles.retain(|(project, who, _)| (*project, *who) != (id, heir));
                self.data.roles.push((id, heir, MANAGER));
                self.touch(vec![Resource::ProjectMember(id, heir)]);
            }
        }
        Ok(())
    }

    async fn release_user(&mut self, user: UserId, heir: UserId, now: Timestamp) -> Result<(), StoreError> {
        self.hand_on(user, heir, now).await?;
        let mut changed = Vec::new();
        let own = self.data.roles.iter().filter(|(_, who, _)| *who == user);
        changed.extend(own.map(|(id, _, _)| Resource::ProjectMember(*id, user)));
        self.data.roles.retain(|(_, who, _)| *who != user);
        self.leave_teams(user, now)?;
        for (_, task) in self.data.tasks.iter_mut().filter(|(_, it)| it.assignees.as_slice().contains(&user)) {
            let remaining = task.assignees.as_slice().iter().copied().filter(|it| *it != user).collect();
            (task.assignees, task.version, task.updated_at) = (Assignees::restore(remaining), task.version + 1, now);
            changed.push(Resource::Task(task.id));
        }
        self.touch(changed);
        Ok(())
    }
}
