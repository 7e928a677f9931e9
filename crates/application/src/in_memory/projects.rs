use async_trait::async_trait;
use tenon_domain::access::{ProjectAccess, ProjectRole};
use tenon_domain::projects::{Project, ProjectState, Workflow};
use tenon_domain::tasks::Assignees;
use tenon_domain::{ProjectId, Timestamp, UserId};

use super::data::next_version;
use super::unit::MemoryUnit;
use crate::documents::Resource;
use crate::projects::{ProjectRef, ProjectRepository};
use crate::unit_of_work::StoreError;

impl MemoryUnit {
    fn visible_projects(&self) -> Result<impl Iterator<Item = &ProjectState>, StoreError> {
        let tenant = self.tenant()?;
        Ok(self.data.projects.iter().filter(move |(org, _)| *org == tenant).map(|(_, it)| it))
    }

    fn explicit_role(&self, project: ProjectId, user: UserId) -> Option<ProjectRole> {
        self.data.roles.iter().find(|(id, who, _)| *id == project && *who == user).map(|(_, _, role)| *role)
    }
}

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
    ) -> Result<Option<(Project, Option<ProjectRole>)>, StoreError> {
        let found = self.visible_projects()?.find(|it| it.id == id).cloned();
        Ok(found.map(|state| (Project::restore(state), self.explicit_role(id, user))))
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
        self.tell(events);
        Ok(())
    }

    async fn workflow(&mut self, _: ProjectId) -> Result<Workflow, StoreError> {
        Ok(Workflow::standard())
    }

    async fn role(&mut self, id: ProjectId, user: UserId) -> Result<Option<ProjectRole>, StoreError> {
        Ok(self.explicit_role(id, user))
    }

    async fn set_role(
        &mut self,
        id: ProjectId,
        user: UserId,
        role: Option<ProjectRole>,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        self.data.roles.retain(|(project, who, _)| (*project, *who) != (id, user));
        self.data.roles.extend(role.map(|role| (id, user, role)));
        Ok(())
    }

    async fn count_managers(&mut self, id: ProjectId) -> Result<u64, StoreError> {
        let roles = self.data.roles.iter();
        Ok(roles.filter(|(project, _, role)| *project == id && *role == ProjectRole::Manager).count() as u64)
    }

    async fn insiders(&mut self, id: ProjectId, users: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        let tenant = self.tenant()?;
        let Some(visibility) = self.visible_projects()?.find(|it| it.id == id).map(|it| it.visibility) else {
            return Ok(Vec::new());
        };
        let members = self.data.members.iter().filter(|(org, it)| *org == tenant && users.contains(&it.user_id));
        let insiders = members.filter(|(_, it)| {
            let explicit_role = self.explicit_role(id, it.user_id);
            ProjectAccess { organization_role: it.role, visibility, explicit_role }.is_visible()
        });
        Ok(insiders.map(|(_, it)| it.user_id).collect())
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
        let everybody: Vec<UserId> = self.data.users.iter().map(|it| it.id).collect();
        let insiders = self.insiders(id, &everybody).await?;
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

    async fn release_user(&mut self, user: UserId, heir: UserId, now: Timestamp) -> Result<(), StoreError> {
        let mut changed = Vec::new();
        let managed: Vec<ProjectId> = self
            .data
            .roles
            .iter()
            .filter(|(_, who, role)| *who == user && *role == ProjectRole::Manager)
            .map(|(id, _, _)| *id)
            .collect();
        for id in managed {
            let alone = !self
                .data
                .roles
                .iter()
                .any(|(project, who, role)| *project == id && *who != user && *role == ProjectRole::Manager);
            if alone {
                self.data.roles.retain(|(project, who, _)| (*project, *who) != (id, heir));
                self.data.roles.push((id, heir, ProjectRole::Manager));
                changed.push(Resource::ProjectMember(id, heir));
            }
        }
        let own = self.data.roles.iter().filter(|(_, who, _)| *who == user);
        changed.extend(own.map(|(id, _, _)| Resource::ProjectMember(*id, user)));
        self.data.roles.retain(|(_, who, _)| *who != user);
        for (_, task) in self.data.tasks.iter_mut().filter(|(_, it)| it.assignees.as_slice().contains(&user)) {
            let remaining = task.assignees.as_slice().iter().copied().filter(|it| *it != user).collect();
            (task.assignees, task.version, task.updated_at) = (Assignees::restore(remaining), task.version + 1, now);
            changed.push(Resource::Task(task.id));
        }
        self.touch(changed);
        Ok(())
    }
}
