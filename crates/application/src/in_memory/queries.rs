use std::cmp::Reverse;

use async_trait::async_trait;
use tenon_domain::access::{OrganizationAccess, Permissions, ProjectRole, Visibility};
use tenon_domain::identity::{AccountRequest, Email, Session, UserKind, UserState};
use tenon_domain::tasks::TaskKey;
use tenon_domain::{
    AccountRequestId, CustomRoleId, OrganizationId, ProjectId, SessionId, TaskId, TeamId, Timestamp, TokenId, UserId,
};

use super::data::MemoryStore;
use super::people::contacts;
use crate::documents::DocumentSource;
use crate::identity::{
    Credentials, IdentityQueries, SecondFactorsView, SessionFacts, SessionView, SubjectFacts, TokenFacts, TokenSubject,
    UserContact, UserView,
};
use crate::page::{Page, PageRequest, Unsorted};
use crate::tasks::TaskView;
use crate::unit_of_work::StoreError;

#[async_trait]
impl IdentityQueries for MemoryStore {
    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        let data = self.data();
        let mut people = data.users.iter().filter(|it| it.kind == UserKind::Person && it.deleted_at.is_none());
        let found = people.find(|it| it.email == *email);
        Ok(found.map(|it| Credentials {
            user_id: it.id,
            password_hash: it.password_hash.clone(),
            email_verified: it.email_verified_at.is_some(),
            version: it.version,
        }))
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

    async fn sessions(
        &self,
        user: UserId,
        current: Option<SessionId>,
        now: Timestamp,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<SessionView>, StoreError> {
        let mut live = self.data().sessions.clone();
        live.retain(|it| it.user_id == user && Session::restore(it.clone()).is_live(now));
        live.sort_by_key(|it| Reverse((it.last_used_at, it.id)));
        let total = request.include_total.then_some(live.len() as u64);
        let views = live.into_iter().map(|it| SessionView::new(it, current)).collect();
        Ok(Page::cut(views, request.limit, total, SessionView::position))
    }

    async fn role(&self, organization: OrganizationId, user: UserId) -> Result<Option<OrganizationAccess>, StoreError> {
        Ok(self.data().access(organization, user))
    }

    async fn custom_role(
        &self,
        organization: OrganizationId,
        id: CustomRoleId,
    ) -> Result<Option<Permissions>, StoreError> {
        Ok(self.data().custom_role(organization, id).map(|it| it.permissions))
    }

    async fn account_request(&self, id: AccountRequestId) -> Result<Option<AccountRequest>, StoreError> {
        Ok(self.data().account_requests.iter().find(|it| it.id == id).cloned().map(AccountRequest::restore))
    }

    async fn user(&self, id: UserId) -> Result<Option<UserView>, StoreError> {
        Ok(self.data().users.iter().find(|it| it.id == id).cloned().map(UserView::from))
    }

    async fn contacts(&self, ids: &[UserId]) -> Result<Vec<UserContact>, StoreError> {
        Ok(contacts(&self.data().users, ids))
    }

    async fn token(&self, id: TokenId) -> Result<Option<TokenFacts>, StoreError> {
        let data = self.data();
        let found = data.tokens.iter().find(|it| it.id == id);
        Ok(found.map(|it| TokenFacts {
            owner: it.owner_id,
            organization: it.organization_id,
            scopes: it.scopes,
            hash: it.hash.clone(),
            expires_at: it.expires_at,
            revoked: it.revoked_at.is_some(),
        }))
    }

    async fn subject(&self, subject: &TokenSubject) -> Result<Option<SubjectFacts>, StoreError> {
        let data = self.data();
        let is_meant = |it: &&UserState| match subject {
            TokenSubject::Email(email) => it.email == *email && it.email_verified_at.is_some(),
            TokenSubject::User(id) => it.id == *id,
        };
        let is_there = |it: &&UserState| it.deleted_at.is_none() && !it.is_deactivated();
        let mut people = data.users.iter().filter(|it| it.kind == UserKind::Person).filter(is_there);
        let Some(user) = people.find(is_meant).map(|it| it.id) else { return Ok(None) };
        let memberships = data.active_members().filter(|(_, it)| it.user_id == user);
        let home = memberships.min_by_key(|(organization, it)| (it.joined_at, *organization)).map(|(it, _)| it);
        Ok(Some(SubjectFacts { user, home }))
    }

    async fn kind(&self, user: UserId) -> Result<Option<UserKind>, StoreError> {
        Ok(self.data().users.iter().find(|it| it.id == user).map(|it| it.kind))
    }

    async fn second_factors(&self, user: UserId) -> Result<SecondFactorsView, StoreError> {
        let data = self.data();
        let found = data.second_factors.iter().find(|it| it.user_id == user);
        Ok(SecondFactorsView {
            confirmed_at: found.and_then(|it| it.confirmed_at),
            recovery_codes_left: found.map_or(0, |it| it.recovery_codes.len()),
            passkeys: data.passkeys.iter().filter(|it| it.user_id == user).count() as u64,
        })
    }

    async fn requires_mfa(&self, organization: OrganizationId) -> Result<bool, StoreError> {
        Ok(self.data().organizations.iter().any(|it| it.id == organization && it.require_mfa))
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
        Ok(data.roles.iter().find(|(id, who, _)| (*id, *who) == (project, user)).map(|(_, _, role)| role.role()))
    }

    async fn explicit(
        &self,
        _: OrganizationId,
        project: ProjectId,
        user: UserId,
    ) -> Result<Option<Permissions>, StoreError> {
        Ok(self.data().explicit(project, user))
    }

    async fn team_projects(&self, _: OrganizationId, user: UserId) -> Result<Vec<ProjectId>, StoreError> {
        let data = self.data();
        let is_in = |team: TeamId| data.team_members.iter().any(|(id, who, _)| (*id, *who) == (team, user));
        Ok(data.team_roles.iter().filter(|(_, team, _)| is_in(*team)).map(|(project, ..)| *project).collect())
    }
}
