use async_trait::async_trait;
use tenon_domain::identity::{Email, PasswordHash, Session, User, UserKind, UserState};
use tenon_domain::organizations::{Invitation, InvitationState, InvitationStatus, Organization, OrganizationState};
use tenon_domain::{InvitationId, OrganizationId, SessionId, Timestamp, UserId};

use super::data::next_version;
use super::unit::MemoryUnit;
use crate::identity::{SessionRepository, UserContact, UserRepository};
use crate::organizations::{InvitationRepository, OrganizationRepository};
use crate::unit_of_work::StoreError;

#[async_trait]
impl UserRepository for MemoryUnit {
    async fn find(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let found = self.data.users.iter().find(|it| it.id == id && it.deleted_at.is_none());
        Ok(found.cloned().map(User::restore))
    }

    async fn find_locked(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        UserRepository::find(self, id).await
    }

    async fn find_by_email(&mut self, email: &Email) -> Result<Option<User>, StoreError> {
        let mut people = self.data.users.iter().filter(|it| it.kind == UserKind::Person && it.deleted_at.is_none());
        Ok(people.find(|it| it.email == *email).cloned().map(User::restore))
    }

    async fn replace_hash(&mut self, user: UserId, old: &PasswordHash, new: PasswordHash) -> Result<(), StoreError> {
        let found = self.data.users.iter_mut().find(|it| it.id == user && it.password_hash == *old);
        if let Some(known) = found {
            known.password_hash = new;
        }
        Ok(())
    }

    async fn save(&mut self, user: User) -> Result<UserState, StoreError> {
        let (mut state, events) = user.into_parts();
        if events.is_empty() {
            return Ok(state);
        }
        let users = &mut self.data.users;
        if users.iter().any(|it| it.email == state.email && it.id != state.id) {
            return Err(StoreError::Duplicate("email".to_owned()));
        }
        let stored = users.iter().position(|it| it.id == state.id);
        state.version = next_version(state.version, stored.map(|at| users[at].version))?;
        users.retain(|it| it.id != state.id);
        users.push(state.clone());
        self.tell(events);
        Ok(state)
    }

    async fn contacts(&mut self, ids: &[UserId]) -> Result<Vec<UserContact>, StoreError> {
        Ok(contacts(&self.data.users, ids))
    }
}

pub(super) fn contacts(users: &[UserState], ids: &[UserId]) -> Vec<UserContact> {
    let known = users.iter().filter(|it| ids.contains(&it.id) && it.deleted_at.is_none());
    known
        .map(|it| UserContact { id: it.id, display_name: it.display_name.to_string(), email: it.email.to_string() })
        .collect()
}

#[async_trait]
impl SessionRepository for MemoryUnit {
    async fn find(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        Ok(self.data.sessions.iter().find(|it| it.id == id).cloned().map(Session::restore))
    }

    async fn live_of(&mut self, user: UserId) -> Result<Vec<Session>, StoreError> {
        let live = |it: &Session| it.state().user_id == user && it.is_live(self.now);
        Ok(self.data.sessions.iter().cloned().map(Session::restore).filter(live).collect())
    }

    async fn save(&mut self, session: Session) -> Result<(), StoreError> {
        self.save_all(vec![session]).await
    }

    async fn save_all(&mut self, sessions: Vec<Session>) -> Result<(), StoreError> {
        for session in sessions {
            let (state, events) = session.into_parts();
            self.data.sessions.retain(|it| it.id != state.id);
            self.data.sessions.push(state);
            self.tell(events);
        }
        Ok(())
    }

    async fn erase_all(&mut self, user: UserId) -> Result<(), StoreError> {
        self.data.sessions.retain(|it| it.user_id != user);
        Ok(())
    }
}

#[async_trait]
impl OrganizationRepository for MemoryUnit {
    async fn current(&mut self) -> Result<Option<Organization>, StoreError> {
        let tenant = self.tenant()?;
        Ok(self.data.organizations.iter().find(|it| it.id == tenant).cloned().map(Organization::restore))
    }

    async fn save(&mut self, organization: Organization) -> Result<OrganizationState, StoreError> {
        let (mut state, events) = organization.into_parts();
        if state.version == 0 {
            self.bind(state.id);
        }
        let organizations = &mut self.data.organizations;
        let stored = organizations.iter().find(|it| it.id == state.id).map(|it| it.version);
        state.version = next_version(state.version, stored)?;
        organizations.retain(|it| it.id != state.id);
        organizations.push(state.clone());
        self.tell(events);
        Ok(state)
    }

    async fn any_exists(&mut self) -> Result<bool, StoreError> {
        Ok(!self.data.organizations.is_empty())
    }
}

#[async_trait]
impl InvitationRepository for MemoryUnit {
    async fn find(&mut self, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
        let tenant = self.tenant()?;
        let found = self.data.invitations.iter().find(|(org, it)| *org == tenant && it.id == id);
        Ok(found.map(|(_, it)| Invitation::restore(it.clone())))
    }

    async fn organization_of(&mut self, id: InvitationId) -> Result<Option<OrganizationId>, StoreError> {
        Ok(self.data.invitations.iter().find(|(_, it)| it.id == id).map(|(org, _)| *org))
    }

    async fn pending_for(&mut self, email: &Email, now: Timestamp) -> Result<bool, StoreError> {
        let tenant = self.tenant()?;
        let mut invitations = self.data.invitations.iter();
        Ok(invitations
            .any(|(org, it)| *org == tenant && it.email == *email && it.status(now) == InvitationStatus::Pending))
    }

    async fn save(&mut self, invitation: Invitation) -> Result<InvitationState, StoreError> {
        let tenant = self.tenant()?;
        let (state, events) = invitation.into_parts();
        self.data.invitations.retain(|(_, it)| it.id != state.id);
        self.data.invitations.push((tenant, state.clone()));
        self.tell(events);
        Ok(state)
    }
}
