use async_trait::async_trait;
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{Email, PasswordHash, Session, User, UserKind, UserState};
use tenon_domain::organizations::{
    Invitation, InvitationState, InvitationStatus, Member, MemberState, Organization, OrganizationState,
};
use tenon_domain::{InvitationId, OrganizationId, SessionId, Timestamp, UserId};

use super::data::next_version;
use super::unit::MemoryUnit;
use crate::identity::{SessionRepository, UserContact, UserRepository};
use crate::organizations::{InvitationRepository, MemberRepository, OrganizationRepository};
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

impl MemoryUnit {
    fn take_member(&mut self, user: UserId) -> Result<Option<MemberState>, StoreError> {
        let tenant = self.tenant()?;
        let found = self.data.members.iter().position(|(org, it)| *org == tenant && it.user_id == user);
        Ok(found.map(|at| self.data.members.remove(at).1))
    }
}

#[async_trait]
impl MemberRepository for MemoryUnit {
    async fn find(&mut self, user: UserId) -> Result<Option<Member>, StoreError> {
        let tenant = self.tenant()?;
        let found = self.data.members.iter().find(|(org, it)| *org == tenant && it.user_id == user);
        Ok(found.map(|(_, it)| Member::restore(it.clone())))
    }

    async fn save(&mut self, member: Member) -> Result<MemberState, StoreError> {
        let tenant = self.tenant()?;
        let (mut state, events) = member.into_parts();
        let stored = self.take_member(state.user_id)?.map(|it| it.version);
        state.version = next_version(state.version, stored)?;
        self.data.members.push((tenant, state.clone()));
        self.tell(events);
        Ok(state)
    }

    async fn remove(&mut self, member: Member) -> Result<(), StoreError> {
        let (state, events) = member.into_parts();
        self.take_member(state.user_id)?.ok_or(StoreError::Stale)?;
        self.tell(events);
        Ok(())
    }

    async fn count_owners(&mut self) -> Result<u64, StoreError> {
        let tenant = self.tenant()?;
        let owners = self.data.members.iter().filter(|(org, it)| *org == tenant && it.role == OrganizationRole::Owner);
        Ok(owners.count() as u64)
    }

    async fn among(&mut self, users: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        let tenant = self.tenant()?;
        let members = self.data.members.iter().filter(|(org, it)| *org == tenant && users.contains(&it.user_id));
        Ok(members.map(|(_, it)| it.user_id).collect())
    }

    async fn hold(&mut self, user: UserId) -> Result<bool, StoreError> {
        Ok(MemberRepository::find(self, user).await?.is_some())
    }

    async fn other_owner(&mut self, than: UserId) -> Result<Option<UserId>, StoreError> {
        let tenant = self.tenant()?;
        let others = self
            .data
            .members
            .iter()
            .filter(|(org, it)| *org == tenant && it.role == OrganizationRole::Owner && it.user_id != than);
        Ok(others.min_by_key(|(_, it)| it.joined_at).map(|(_, it)| it.user_id))
    }

    async fn organizations_of(&mut self, user: UserId) -> Result<Vec<OrganizationId>, StoreError> {
        let own = self.data.members.iter().filter(|(_, it)| it.user_id == user);
        let mut organizations: Vec<_> = own.map(|(org, _)| *org).collect();
        organizations.sort();
        Ok(organizations)
    }

    async fn role_in(
        &mut self,
        user: UserId,
        organization: OrganizationId,
    ) -> Result<Option<OrganizationRole>, StoreError> {
        let mut members = self.data.members.iter();
        Ok(members.find(|(org, it)| *org == organization && it.user_id == user).map(|(_, it)| it.role))
    }

    async fn home_of(&mut self, user: UserId) -> Result<Option<(OrganizationId, OrganizationRole)>, StoreError> {
        let mut members = self.data.members.iter();
        Ok(members.find(|(_, it)| it.user_id == user).map(|(org, it)| (*org, it.role)))
    }

    async fn has_address(&mut self, email: &Email) -> Result<bool, StoreError> {
        let tenant = self.tenant()?;
        let user = self.data.users.iter().find(|it| it.email == *email).map(|it| it.id);
        Ok(self.data.members.iter().any(|(org, it)| *org == tenant && Some(it.user_id) == user))
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
