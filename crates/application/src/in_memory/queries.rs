use async_trait::async_trait;
use tenon_domain::access::{OrganizationRole, ProjectRole, Visibility};
use tenon_domain::identity::Email;
use tenon_domain::tasks::TaskKey;
use tenon_domain::{OrganizationId, ProjectId, SessionId, TaskId, UserId};

use super::data::MemoryStore;
use super::people::contacts;
use crate::documents::DocumentSource;
use crate::identity::{Credentials, IdentityQueries, SessionFacts, UserContact, UserView};
use crate::tasks::TaskView;
use crate::unit_of_work::StoreError;

#[async_trait]
impl IdentityQueries for MemoryStore {
    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        let data = self.data();
        let found = data.users.iter().find(|it| it.email == *email);
        Ok(found.map(|it| Credentials { user_id: it.id, password_hash: it.password_hash.clone() }))
    }

    async fn session(&self, id: SessionId) -> Result<Option<SessionFacts>, StoreError> {
        let data = self.data();
        let found = data.sessions.iter().find(|it| it.id == id);
        Ok(found.map(|it| SessionFacts {
            user_id: it.user_id,
            expires_at: it.expires_at,
            revoked: it.revoked_at.is_some(),
        }))
    }

    async fn role(&self, organization: OrganizationId, user: UserId) -> Result<Option<OrganizationRole>, StoreError> {
        let data = self.data();
        let found = data.members.iter().find(|(org, it)| *org == organization && it.user_id == user);
        Ok(found.map(|(_, it)| it.role))
    }

    async fn user(&self, id: UserId) -> Result<Option<UserView>, StoreError> {
        Ok(self.data().users.iter().find(|it| it.id == id).cloned().map(UserView::from))
    }

    async fn contacts(&self, ids: &[UserId]) -> Result<Vec<UserContact>, StoreError> {
        Ok(contacts(&self.data().users, ids))
    }
}

#[async_trait]
impl DocumentSource for MemoryStore {
    async fn task(&self, organization: OrganizationId, id: TaskId) -> Result<Option<TaskView>, StoreError> {
        let data = self.data();
        let found = data.tasks.iter().find(|(org, it)| *org == organization && it.id == id && it.deleted_at.is_none());
        Ok(found.map(|(_, it)| TaskView::from(it.clone())))
    }

    async fn task_id(&self, organization: OrganizationId, key: &TaskKey) -> Result<Option<TaskId>, StoreError> {
        let data = self.data();
        Ok(data.tasks.iter().find(|(org, it)| *org == organization && it.key == *key).map(|(_, it)| it.id))
    }

    async fn visibility(
        &self,
        organization: OrganizationId,
        project: ProjectId,
    ) -> Result<Option<Visibility>, StoreError> {
        let data = self.data();
        let found = data.projects.iter().find(|(org, it)| *org == organization && it.id == project);
        Ok(found.map(|(_, it)| it.visibility))
    }

    async fn project_role(
        &self,
        _: OrganizationId,
        project: ProjectId,
        user: UserId,
    ) -> Result<Option<ProjectRole>, StoreError> {
        let data = self.data();
        Ok(data.roles.iter().find(|(id, who, _)| (*id, *who) == (project, user)).map(|(_, _, role)| *role))
    }
}
